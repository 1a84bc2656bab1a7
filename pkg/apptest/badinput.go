package apptest

import "strings"

// BadQueries returns requests that every GET route refuses.
func BadQueries(path string) []Scenario {
	bad := func(name, method, query, field string) Scenario {
		return Scenario{Name: name, Request: Request{Method: method, Target: path + query}, Status: 400, Code: "BAD_REQUEST", Field: field}
	}
	wrong := func(method string) Scenario {
		return Scenario{Name: "method-" + strings.ToLower(method), Request: Request{Method: method, Target: path}, Status: 405,
			Code: "METHOD_NOT_ALLOWED", Header: map[string]string{"Allow": "GET"}}
	}
	return []Scenario{
		wrong("POST"), wrong("PUT"), wrong("DELETE"), wrong("HEAD"), wrong("OPTIONS"), wrong("BREW"),
		bad("repeated", "GET", "?accountId=a&accountId=a", "accountId"),
		bad("repeated-with-another-name", "GET", "?x=1&x=2", "x"),
		bad("control-character", "GET", "?accountId=a%00", "accountId"),
		bad("new-line", "GET", "?accountId=a%0D%0AX-Evil:1", "accountId"),
		bad("not-utf-8", "GET", "?accountId=%ff", "accountId"),
		bad("over-long", "GET", "?unread="+strings.Repeat("a", 257), "unread"),
		bad("broken-escape", "GET", "?accountId=%zz", ""),
		bad("semicolon", "GET", "?a=1;b=2", ""),
	}
}

// BadBodies returns requests that every route with an accountId in a JSON body
// refuses. They have a token, because a route reads the body only if there is one.
func BadBodies(path string) []Scenario {
	token := map[string]string{"X-Clockwork-Token": "a-token-of-nobody"}
	bad := func(name, body, field string) Scenario {
		return Scenario{Name: name, Request: Request{Method: "POST", Target: path, Header: token, Body: body}, Status: 400, Code: "BAD_REQUEST", Field: field}
	}
	typed := func(name, contentType string) Scenario {
		header := map[string]string{"X-Clockwork-Token": "a-token-of-nobody", "Content-Type": contentType}
		return Scenario{Name: name, Request: Request{Method: "POST", Target: path, Header: header, Body: `{}`}, Status: 415, Code: "UNSUPPORTED_MEDIA_TYPE"}
	}
	wrong := func(method string) Scenario {
		return Scenario{Name: "method-" + strings.ToLower(method), Request: Request{Method: method, Target: path}, Status: 405,
			Code: "METHOD_NOT_ALLOWED", Header: map[string]string{"Allow": "POST"}}
	}
	tooLarge := Scenario{Name: "over-64-kib", Request: Request{Method: "POST", Target: path, Header: token,
		Body: `{"comment":"` + strings.Repeat("a", 64<<10) + `"}`}, Status: 413, Code: "PAYLOAD_TOO_LARGE"}
	return []Scenario{
		wrong("GET"), wrong("PUT"), wrong("DELETE"), wrong("OPTIONS"),
		typed("form", "application/x-www-form-urlencoded"), typed("text", "text/plain"), typed("other-charset", "application/json; charset=utf-16"), typed("nonsense-type", ";"),
		{Name: "no-body", Request: Request{Method: "POST", Target: path, Header: token}, Status: 415, Code: "UNSUPPORTED_MEDIA_TYPE"},
		tooLarge,
		bad("blank-body", " ", ""), bad("not-json", "{accountId", ""), bad("half-json", `{"accountId":"a`, ""),
		bad("list", `[{"accountId":"a"}]`, ""), bad("string", `"a"`, ""), bad("null", `null`, ""), bad("number", `7`, ""),
		bad("trailing-data", `{} {}`, ""), bad("trailing-text", `{} x`, ""),
		bad("account-a-number", `{"accountId":7}`, "accountId"), bad("account-a-list", `{"accountId":["a"]}`, "accountId"), bad("account-an-object", `{"accountId":{}}`, "accountId"),
		bad("not-an-account", `{"accountId":"a b"}`, "accountId"), bad("account-with-control-character", "{\"accountId\":\"a\\u0000\"}", "accountId"),
		bad("account-over-long", `{"accountId":"`+strings.Repeat("a", 257)+`"}`, "accountId"),
	}
}
