package app

import (
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"

	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/secret"
)

// NewLog writes JSON on Vercel, where machines read it, and text elsewhere. What
// an upstream's sentence may quote is masked: e-mail addresses, and whatever
// the configuration holds as a secret.
func NewLog(w io.Writer, c *config.Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel.Level, ReplaceAttr: mask{c.Secrets()}.attr}
	if c.Platform.VercelEnv != "" && c.Platform.VercelEnv != "development" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

type mask struct{ secrets []secret.Text }

var emailInText = regexp.MustCompile(`[\w.%+-]+@[\w-]+(\.[\w-]+)*\.[A-Za-z]{2,}`)

func (m mask) attr(_ []string, a slog.Attr) slog.Attr {
	var text string
	switch v := a.Value.Any().(type) {
	case string:
		text = v
	case error:
		text = v.Error()
	}
	masked := text
	for _, s := range m.secrets {
		masked = strings.ReplaceAll(masked, s.Reveal(), s.String())
	}
	if strings.Contains(masked, "@") {
		masked = emailInText.ReplaceAllString(masked, "[e-mail]")
	}
	if masked != text {
		a.Value = slog.StringValue(masked)
	}
	return a
}

// plainPath is how every path of this API looks.
var plainPath = regexp.MustCompile(`^[A-Za-z0-9/_-]{1,100}$`)

// pathOf is the request's path for the log, unless it may be something that
// was pasted into the address by mistake.
func pathOf(r *http.Request) string {
	if plainPath.MatchString(r.URL.Path) {
		return r.URL.Path
	}
	return "(not a path of this API)"
}
