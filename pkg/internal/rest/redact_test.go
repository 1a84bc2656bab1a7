package rest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/pkg/secret"
)

func TestRedact(t *testing.T) {
	r := Request{
		Header:  http.Header{"Authorization": {"Token tok-5ecret"}, "Cookie": {"a=1; session=cook1e-value"}},
		Secrets: []secret.Text{secret.New("b0dy-token"), secret.New("a+b/cd==")},
	}
	tests := []struct{ name, in, want string }{
		{"plain", "No timer is running.", "No timer is running."},
		{"authorization", "bad token tok-5ecret!", "bad token [redacted]!"},
		{"cookie-value", "session cook1e-value ended", "session [redacted] ended"},
		{"whole-header", "got a=1; session=cook1e-value", "got [redacted]"},
		{"body-secret", "b0dy-token", "[redacted]"},
		{"escaped-for-a-query", "GET /x?t=a%2Bb%2Fcd%3D%3D failed", "GET /x?t=[redacted] failed"},
		{"escaped-for-a-path", "GET /a+b%2Fcd== failed", "GET /[redacted] failed"},
		{"e-mail", "no access for an.le+x@mail.example.com.", "no access for [e-mail]."},
		{"no-e-mail", "@mention a@b", "@mention a@b"},
		{"short-values-stay", "1 of 1", "1 of 1"},
		{"control-characters", "a\r\nb\x00c", "a b c"},
		{"not-utf8", "a\xffb", "a�b"},
		{"bounded", strings.Repeat("é", 400), strings.Repeat("é", 300) + "…"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { assert.Equal(t, tt.want, r.redact(tt.in)) })
	}
}
