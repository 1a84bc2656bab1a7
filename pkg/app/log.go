package app

import (
	"io"
	"log/slog"

	"github.com/clockwork-timer/backend/pkg/config"
)

// NewLog writes JSON on Vercel, where machines read it, and text elsewhere.
func NewLog(w io.Writer, c *config.Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel.Level}
	if c.Platform.VercelEnv != "" && c.Platform.VercelEnv != "development" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
