package app

import (
	"cmp"
	"encoding/base64"
	"io"
	"log/slog"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/term"

	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/secret"
)

// NewLog writes JSON for machines (on a deployment, to a file or to a pipe) and text
// for people (on a terminal and under vercel dev). It masks what an upstream's
// message may quote: e-mail addresses, account ids, JWTs and configured secrets.
func NewLog(w io.Writer, c *config.Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel.Level, ReplaceAttr: newMask(c.Secrets()).attr}
	if c.Deployed() || c.Platform.VercelEnv != "development" && unattended(w) {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// unattended reports whether w is a file but no terminal.
func unattended(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && !term.IsTerminal(int(file.Fd()))
}

type mask struct {
	secrets  []string // in every form, the shortest first
	replacer *strings.Replacer
}

// newMask finds secrets as they are and as a quoted request has them: escaped for
// an address, or in base64.
func newMask(secrets []secret.Text) mask {
	var m mask
	var pairs []string
	for _, s := range secrets {
		text := s.Reveal()
		for _, form := range []string{text, url.QueryEscape(text), url.PathEscape(text), base64.StdEncoding.EncodeToString([]byte(text))} {
			m.secrets, pairs = append(m.secrets, form), append(pairs, form, s.String())
		}
	}
	slices.SortFunc(m.secrets, func(a, b string) int { return cmp.Compare(len(a), len(b)) })
	m.replacer = strings.NewReplacer(pairs...)
	return m
}

// withoutSecrets copies text only if there is something to replace: every request
// is logged, and a Replacer always copies.
func (m mask) withoutSecrets(text string) string {
	for _, s := range m.secrets {
		if len(s) > len(text) {
			break
		}
		if strings.Contains(text, s) {
			return m.replacer.Replace(text)
		}
	}
	return text
}

var (
	emailInText = regexp.MustCompile(`[\w.%+-]+@[\w-]+(\.[\w-]+)*\.[A-Za-z]{2,}`)
	// tokenInText is a JWT, or the beginning of one that was cut off.
	tokenInText = regexp.MustCompile(`eyJ[\w-]{8,}(\.[\w-]*){1,2}`)
	// accountInText is an Atlassian account id in either of its forms.
	accountInText = regexp.MustCompile(`\b(\d{5,7}:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{24})\b`)
)

// shortestAccount is the length of the shorter form.
const shortestAccount = 24

func (m mask) attr(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration { // JSON has it in nanoseconds otherwise
		return slog.String(a.Key, a.Value.Duration().String())
	}
	text, ok := textOf(a.Value)
	if !ok {
		return a
	}
	masked := m.withoutSecrets(text)
	if strings.Contains(masked, "@") {
		masked = emailInText.ReplaceAllString(masked, "[e-mail]")
	}
	if strings.Contains(masked, "eyJ") {
		masked = tokenInText.ReplaceAllString(masked, "[token]")
	}
	if len(masked) >= shortestAccount && accountInText.MatchString(masked) {
		masked = accountInText.ReplaceAllString(masked, "[account]")
	}
	if masked != text {
		a.Value = slog.StringValue(masked)
	}
	return a
}

// textOf returns a string or the text of an error; other values hold nothing to mask.
func textOf(v slog.Value) (text string, ok bool) {
	switch v.Kind() {
	case slog.KindString:
		return v.String(), true
	case slog.KindAny:
		if err, is := v.Any().(error); is {
			return err.Error(), true
		}
	}
	return "", false
}
