package rest

import (
	"net/http"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/pkg/secret"
)

// FuzzRedact: upstream text is one bounded line without what we sent.
func FuzzRedact(f *testing.F) {
	f.Add("bad token tok-5ecret!", "Token tok-5ecret", "a=1; session=cook1e-value", "b0dy-token")
	f.Add("a\r\nb\x00\xff", "", ";;=", "")
	f.Add("[redacted][red", "Basic [red", "x=acted][", "redacted")
	f.Add("tok 5ecret, tok\t5ecret", "", "", "tok 5ecret")
	f.Add(strings.Repeat("é", 400), " ", "=", "éééééé")
	f.Fuzz(func(t *testing.T, text, authorization, cookie, body string) {
		r := Request{Header: http.Header{"Authorization": {authorization}, "Cookie": {cookie}}, Secrets: []secret.Text{secret.New(body)}}
		got := r.redact(text)
		assert.True(t, utf8.ValidString(got))
		assert.LessOrEqual(t, utf8.RuneCountInString(got), maxMessage+1)
		assert.False(t, strings.ContainsFunc(got, unicode.IsControl), "%q", got)
		if one := secret.New(body).Reveal(); len(oneLine(one)) >= secret.Shortest && utf8.ValidString(one) && !strings.ContainsAny(one, "[]…") && strings.Contains(text, one) {
			for rest := range strings.SplitSeq(got, "[redacted]") { // what is on both sides of one may look like it, and what is put in would complete it
				assert.NotContains(t, rest, one)
			}
		}
	})
}
