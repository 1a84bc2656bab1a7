package app

import (
	"io"
	"log/slog"
	"os"

	"golang.org/x/term"

	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/secret"
)

// NewLog writes JSON for machines (on a deployment, to a file or to a pipe) and text
// for people (on a terminal and under vercel dev). It masks what an upstream's
// message may quote: e-mail addresses, account ids, JWTs and configured secrets.
func NewLog(w io.Writer, c *config.Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel.Level, ReplaceAttr: hide(secret.NewMask(c.Secrets()...))}
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

// hide masks the attributes of a record.
func hide(m secret.Mask) func([]string, slog.Attr) slog.Attr {
	return func(_ []string, a slog.Attr) slog.Attr {
		if a.Value.Kind() == slog.KindDuration { // JSON has it in nanoseconds otherwise
			return slog.String(a.Key, a.Value.Duration().String())
		}
		text, ok := textOf(a.Value)
		if !ok {
			return a
		}
		if masked := m.Hide(text); masked != text {
			a.Value = slog.StringValue(masked)
		}
		return a
	}
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
