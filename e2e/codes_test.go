package e2e

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/contract"
)

// The document's ErrorCode lists exactly the codes that the source answers with;
// those of upstreams have a prefix. The tests of the answers check that each has the
// right code.
func TestErrorCodesOfTheSource(t *testing.T) {
	document, err := contract.Load()
	require.NoError(t, err)
	written, suffixes := map[string]bool{}, map[string]bool{}
	for _, dir := range []string{"pkg/account", "pkg/timesheet", "pkg/httpapi", "pkg/web", "pkg/realtime"} {
		for _, f := range goFiles(t, dir) {
			if !f.test {
				collectCodes(f.ast, written, suffixes)
			}
		}
	}
	documented := map[string]bool{}
	for _, code := range document.Enum("ErrorCode") {
		documented[code.(string)] = true
		upstream := regexp.MustCompile(`^(CLOCKWORK|JIRA|INNGEST)_(.*)$`).FindStringSubmatch(code.(string))
		assert.True(t, written[code.(string)] || upstream != nil && suffixes[upstream[2]], "%s: no source answers with it", code)
	}
	for _, code := range document.Enum("RealtimeErrorCode") {
		documented[code.(string)] = true
	}
	elsewhere := []string{
		"CLIENT_CLOSED_REQUEST",                                                                      // the client has left, so nobody reads it
		"SIGNIN_EXPIRED", "SIGNIN_DENIED", "EMAIL_NOT_VERIFIED", "NOT_A_MEMBER", "IDENTITY_CONFLICT", // sent in the address of the login page
	}
	for code := range written {
		assert.True(t, documented[code] || slices.Contains(elsewhere, code), "%s is not in the document", code)
	}
}

// collectCodes collects the code of each web.Error{Code: "…"} and of each row of the
// table of errors, and the suffix of each upstream error.
func collectCodes(f *ast.File, written, suffixes map[string]bool) {
	code := regexp.MustCompile(`^[A-Z]+(_[A-Z]+)*$`)
	add := func(to map[string]bool, e ast.Expr) {
		if text, ok := e.(*ast.BasicLit); ok && text.Kind == token.STRING {
			if value, _ := strconv.Unquote(text.Value); code.MatchString(value) {
				to[value] = true
			}
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.KeyValueExpr:
			if name, ok := n.Key.(*ast.Ident); ok && name.Name == "Code" {
				add(written, n.Value)
			}
		case *ast.CompositeLit:
			if len(n.Elts) == 4 { // error, status, code, message
				add(written, n.Elts[2])
			}
		case *ast.CallExpr:
			if name, ok := n.Fun.(*ast.Ident); ok && name.Name == "answer" && len(n.Args) == 3 {
				add(suffixes, n.Args[1])
			}
		}
		return true
	})
}
