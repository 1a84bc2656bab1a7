package contract_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/clockwork-timer/backend/pkg/apptest/contract"
	"github.com/clockwork-timer/backend/public"
)

// tree returns the document as plain maps and lists.
func tree(t *testing.T) map[string]any {
	t.Helper()
	var root map[string]any
	require.NoError(t, yaml.Unmarshal(public.OpenAPI, &root))
	return root
}

// walk visits every object of the document, with its JSON pointer.
func walk(node any, pointer string, visit func(pointer string, node map[string]any)) {
	switch node := node.(type) {
	case map[string]any:
		visit(pointer, node)
		for name, below := range node {
			walk(below, pointer+"/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(name), visit)
		}
	case []any:
		for i, below := range node {
			walk(below, pointer+"/"+strconv.Itoa(i), visit)
		}
	}
}

func TestReferences(t *testing.T) {
	root := tree(t)
	all := map[string]bool{}
	walk(root, "#", func(pointer string, _ map[string]any) { all[pointer] = true })
	used := map[string]bool{}
	walk(root, "#", func(pointer string, node map[string]any) {
		if ref, ok := node["$ref"].(string); ok {
			assert.True(t, all[ref], "%s: %s does not exist", pointer, ref)
			used[ref] = true
		}
	})
	spare := []string{"#/components/schemas/RealtimeEvent", "#/components/schemas/RealtimeTeamEvent", "#/components/responses/MethodNotAllowed", "#/components/responses/NotFound"}
	for kind, below := range root["components"].(map[string]any) {
		for name := range below.(map[string]any) {
			pointer := "#/components/" + kind + "/" + name
			assert.True(t, used[pointer] || kind == "securitySchemes" || slices.Contains(spare, pointer), "%s: nothing refers to it", pointer)
		}
	}
}

// Every schema is valid and matches its examples. Schemas of what the server writes
// allow no other properties.
func TestSchemas(t *testing.T) {
	text, err := json.Marshal(tree(t))
	require.NoError(t, err)
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	require.NoError(t, compiler.AddResource("openapi.json", document))
	written := regexp.MustCompile(`Request$|Action$`) // by clients, which may be newer than the server
	for name, node := range tree(t)["components"].(map[string]any)["schemas"].(map[string]any) {
		schema, err := compiler.Compile("openapi.json#/components/schemas/" + name)
		require.NoError(t, err, name)
		node := node.(map[string]any)
		if _, has := node["properties"]; has {
			_, closed := node["additionalProperties"]
			assert.Equal(t, !written.MatchString(name), closed, "%s: additionalProperties", name)
		}
		assert.Error(t, schema.Validate([]any{map[string]any{"x": 1}}), "%s accepts anything", name)
		examples, _ := node["examples"].([]any)
		for _, example := range examples {
			assert.NoError(t, schema.Validate(example), "%s: example", name)
		}
	}
	count := 0
	walk(tree(t), "#", func(pointer string, node map[string]any) {
		_, has := node["schema"]
		example, exemplary := node["example"]
		if !has || !exemplary {
			return
		}
		count++
		schema, err := compiler.Compile("openapi.json" + pointer + "/schema")
		require.NoError(t, err, pointer)
		assert.NoError(t, schema.Validate(example), pointer)
	})
	assert.Greater(t, count, 20, "examples")
}

func TestOperations(t *testing.T) {
	document, err := contract.Load()
	require.NoError(t, err)
	root := tree(t)
	tags := map[string]bool{}
	for _, tag := range root["tags"].([]any) {
		tags[tag.(map[string]any)["name"].(string)] = true
	}
	schemes := root["components"].(map[string]any)["securitySchemes"].(map[string]any)
	ids := map[string]string{}
	for _, o := range document.Operations() {
		name := o.Method + " " + o.Path
		node := root["paths"].(map[string]any)[o.Path].(map[string]any)[strings.ToLower(o.Method)].(map[string]any)
		assert.Regexp(t, `^[a-z][A-Za-z]+$`, o.ID, name)
		assert.Empty(t, ids[o.ID], "%s: %s is another's too", name, o.ID)
		ids[o.ID] = name
		assert.NotEmpty(t, node["summary"], name)
		for _, tag := range node["tags"].([]any) {
			assert.True(t, tags[tag.(string)], "%s: tag %s", name, tag)
		}
		security, said := node["security"].([]any)
		assert.True(t, said, "%s says nothing of security", name)
		for _, choice := range security {
			for scheme := range choice.(map[string]any) {
				assert.Contains(t, schemes, scheme, name)
			}
		}
		assert.Equal(t, o.Method == http.MethodPost || o.Method == http.MethodPut, node["requestBody"] != nil || o.ID == "registerFunction", "%s: request body", name)
		for _, part := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(o.Path, -1) {
			assert.True(t, slices.ContainsFunc(node["parameters"].([]any), func(p any) bool {
				p, _ = p.(map[string]any)
				return p.(map[string]any)["name"] == part[1] && p.(map[string]any)["in"] == "path"
			}), "%s: %s is not described", name, part[0])
		}
	}
}

// An operation lists the codes of each of its errors. The document's list of all
// codes has exactly these.
func TestErrorCodes(t *testing.T) {
	document, err := contract.Load()
	require.NoError(t, err)
	root := tree(t)
	known := map[string]bool{}
	for _, code := range root["components"].(map[string]any)["schemas"].(map[string]any)["ErrorCode"].(map[string]any)["enum"].([]any) {
		known[code.(string)] = true
	}
	used := map[string]bool{"METHOD_NOT_ALLOWED": true, "NOT_FOUND": true} // for requests without an operation
	for _, o := range document.Operations() {
		for _, status := range o.Statuses() {
			ours := status >= "400" && o.Path != "/api/inngest" && (o.Path != "/api/health" || status != "503")
			assert.True(t, !ours || len(o.Errors[status]) > 0, "%s %s: no codes", o.ID, status)
		}
		for status, codes := range o.Errors {
			assert.Contains(t, o.Statuses(), status, o.ID)
			for _, code := range codes {
				assert.True(t, known[code], "%s %s: %s is not in ErrorCode", o.ID, status, code)
				used[code] = true
			}
		}
	}
	for code := range known {
		assert.True(t, used[code], "%s: no operation answers with it", code)
	}
}

// CheckAnswer reports each way in which an answer can differ from the document.
func TestCheckAnswer(t *testing.T) {
	document, err := contract.Load()
	require.NoError(t, err)
	good := func() http.Header {
		return http.Header{"Content-Type": {"application/json; charset=utf-8"}, "X-Request-Id": {"a"}, "Server-Timing": {"total;dur=1.5"}}
	}
	with := func(name string, values ...string) http.Header {
		h := good()
		if h[name] = values; len(values) == 0 {
			delete(h, name)
		}
		return h
	}
	const stopped = `{"stopped":true,"syncRequested":true}`
	const failed = `{"error":"AMBIGUOUS_TIMER","message":"Several of your timers run.","statusCode":409}`
	for name, c := range map[string]struct {
		method, path string
		status       int
		header       http.Header
		body, says   string
	}{
		"as-documented":        {"POST", "/api/timers/stop", 200, good(), stopped, ""},
		"error-as-documented":  {"POST", "/api/timers/stop", 409, good(), failed, ""},
		"preflight":            {"OPTIONS", "/api/timers/stop", 204, nil, "", ""},
		"one-field-more":       {"POST", "/api/timers/stop", 200, good(), `{"stopped":true,"syncRequested":true,"timerId":7}`, "timerId"},
		"one-field-less":       {"POST", "/api/timers/stop", 200, good(), `{"stopped":true}`, "syncRequested"},
		"another-type":         {"POST", "/api/timers/stop", 200, good(), `{"stopped":"yes","syncRequested":true}`, "stopped"},
		"another-status":       {"POST", "/api/timers/stop", 201, good(), stopped, "does not know"},
		"another-code":         {"POST", "/api/timers/stop", 409, good(), strings.ReplaceAll(failed, "AMBIGUOUS_TIMER", "FORBIDDEN"), "value must be one of"},
		"unknown-code":         {"POST", "/api/timers/stop", 409, good(), strings.ReplaceAll(failed, "AMBIGUOUS_TIMER", "X"), "value must be one of"},
		"another-status-code":  {"POST", "/api/timers/stop", 409, good(), strings.ReplaceAll(failed, ":409", ":500"), "statusCode is 500"},
		"not-json":             {"POST", "/api/timers/stop", 200, good(), `stopped`, "invalid character"},
		"another-content-type": {"POST", "/api/timers/stop", 200, with("Content-Type", "text/html"), stopped, "text/html"},
		"no-request-id":        {"POST", "/api/timers/stop", 200, with("X-Request-Id"), stopped, "X-Request-Id: missing"},
		"header-twice":         {"POST", "/api/timers/stop", 200, with("X-Request-Id", "a", "b"), stopped, "more than once"},
		"unknown-header":       {"POST", "/api/timers/stop", 200, with("X-Powered-By", "x"), stopped, "X-Powered-By"},
		"retry-after-a-date":   {"POST", "/api/timers/stop", 503, with("Retry-After", "Mon"), `{"error":"CACHE_UNAVAILABLE","message":"Try again.","statusCode":503}`, "Retry-After"},
		"body-of-a-304":        {"GET", "/api/timers/active", 304, with("Etag", `"1"`), "x", "a body"},
		"template":             {"GET", "/api/issues/ABC-1", 404, good(), `{"error":"ISSUE_NOT_FOUND","message":"There is none.","statusCode":404}`, ""},
		"literal-first":        {"GET", "/api/issues/search", 404, good(), `{"error":"ISSUE_NOT_FOUND","message":"There is none.","statusCode":404}`, "value must be one of"},
		"unknown-method":       {"DELETE", "/api/timers/stop", 405, with("Allow", "POST"), `{"error":"METHOD_NOT_ALLOWED","message":"It takes no DELETE.","statusCode":405}`, ""},
		"method-that-works":    {"DELETE", "/api/timers/stop", 200, good(), stopped, "does not have"},
		"unknown-path":         {"GET", "/api/x/y", 404, good(), `{"error":"NOT_FOUND","message":"Nothing is here.","statusCode":404}`, ""},
		"path-that-works":      {"GET", "/api/x/y", 200, good(), stopped, "does not have"},
	} {
		t.Run(name, func(t *testing.T) {
			err := document.CheckAnswer(c.method, c.path, c.status, c.header, []byte(c.body))
			if c.says == "" {
				assert.NoError(t, err)
			} else {
				assert.ErrorContains(t, err, c.says)
			}
		})
	}
}

func TestCheckMessage(t *testing.T) {
	document, err := contract.Load()
	require.NoError(t, err)
	assert.NoError(t, document.CheckMessage("RealtimeEvent", []byte(`{"event":"error","payload":{"code":"BAD_MESSAGE","message":"It is bad."}}`)))
	assert.ErrorContains(t, document.CheckMessage("RealtimeEvent", []byte(`{"event":"error","payload":{"code":"BAD_MESSAGE","message":"It is bad.","at":1}}`)), "at")
	assert.Error(t, document.CheckMessage("RealtimeEvent", []byte(`{"event":"other","payload":{}}`)))
	assert.Error(t, document.CheckMessage("RealtimeEvent", []byte(`{`)))
	assert.Error(t, document.CheckMessage("NoSuchSchema", []byte(`{}`)))
}
