package main

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

var (
	//go:embed page.html.tmpl
	pageTemplate string
	//go:embed page.css
	style string
)

// before sets the variables in the example lines: see cmd/dev.
const before = `go run ./cmd/dev    # and in a second terminal:
eval "$(go run ./cmd/dev --env)"; API=http://127.0.0.1:3000; ME=$CLOCKWORK_ACCOUNT_ID
TOKEN=$(curl -s "$API/login" -H 'Content-Type: application/json' \
  -d '{"username":"hannah","password":"clockwork"}' | sed 's/.*"access_token":"\([^"]*\)".*/\1/')`

// forShell puts variables in place of somebody's values.
var forShell = strings.NewReplacer("5fe6c024078c96de1f1cc547", "'$ME'", "<your token>", "'$CLOCKWORK_API_TOKEN'")

// render makes the page of a document.
func render(text []byte) ([]byte, error) {
	var d openAPI
	if err := yaml.Unmarshal(text, &d); err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	t, err := template.New("page").Funcs(template.FuncMap{
		"prose": prose, "inline": inline, "kind": kind, "example": example,
		"routes": d.routes, "parameter": d.parameter, "response": d.response, "codes": d.codes,
		"access": access, "curl": d.curl, "fields": fields, "named": d.named, "body": body, "success": success,
	}).Parse(pageTemplate)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(style))
	var b bytes.Buffer
	err = t.Execute(&b, map[string]any{
		"Document": &d, "Before": before, "Style": template.CSS(style), // our own
		"Policy": "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; img-src data:; base-uri 'none'; form-action 'none'",
	})
	return b.Bytes(), err
}

// field is one member of an object.
type field struct {
	Name     string
	Schema   schema
	Required bool
}

// fields lists an object's members.
func fields(s schema) []field {
	var all []field
	for _, p := range s.Properties {
		all = append(all, field{p.Name, p.Value, slices.Contains(s.Required, p.Name)})
	}
	return all
}

// access says which login a call needs in each of the two modes.
func access(o route) template.HTML {
	const token = "<code>X-Clockwork-Token</code>"
	open, required, more := "", "", ""
	for _, choice := range o.Security {
		bearer, clockwork := false, false
		for _, scheme := range choice {
			bearer, clockwork = bearer || scheme.Name == "bearer", clockwork || scheme.Name == "clockworkToken"
		}
		switch {
		case len(choice) == 0:
			open = "nothing"
		case bearer && clockwork:
			more = " " + token + " may come with it."
		case clockwork && open == "":
			open = token
		case bearer:
			required = "a bearer token"
		}
	}
	switch {
	case required == "":
		return "Needs no token."
	case open == "":
		return template.HTML("Needs " + required + " in both modes." + more) // the words above
	}
	return template.HTML("In open mode it needs " + open + ", in required mode " + required + "." + more) // likewise
}

// body is the body that a request of the operation has.
func body(o route) *media {
	if len(o.RequestBody.Content) == 0 {
		return nil
	}
	return &o.RequestBody.Content[0].Value
}

// success reports whether a status is that of a success.
func success(status string) bool { return status < "400" }

// curl is an example line.
func (d *openAPI) curl(r route) (string, error) {
	if r.Path == "/ws" || r.Path == "/api/inngest" {
		return "", nil
	}
	line, target := "curl ", r.Path
	switch r.OperationID {
	case "streamTimers":
		line += "-N "
	case "listWorklogs", "searchIssues":
		target += "?accountId=$ME"
	case "resolveUser":
		target += "?query=Linh"
	case "getIssue":
		target = strings.ReplaceAll(target, "{key}", "PORTAL-301")
	}
	line += `"$API` + target + `"`
	for _, choice := range r.Security {
		if len(r.Security) <= 2 && len(choice) == 1 && choice[0].Name == "bearer" && r.Tags[0] == "Realtime" {
			line += ` -H "Authorization: Bearer $TOKEN"`
			break
		}
		if len(choice) == 1 && choice[0].Name == "clockworkToken" && r.Method == "POST" {
			line += ` -H "X-Clockwork-Token: $CLOCKWORK_API_TOKEN"`
			break
		}
	}
	if b := body(r); b != nil {
		text, err := example(b.Example)
		if err != nil {
			return "", err
		}
		line += ` -H "Content-Type: application/json" \` + "\n  -d '" + forShell.Replace(strings.Join(strings.Fields(text), " ")) + "'"
	}
	return line, nil
}
