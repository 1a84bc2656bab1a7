// Package telemetry is what this backend shows in an operator's tools: spans of
// single requests and syncs, and metrics of all of them. It knows the names of
// things; package sdk records them with OpenTelemetry, which only cmd/server
// links. Names and units are those of OpenTelemetry's semantic conventions if
// they have one, and begin with "clockwork." otherwise.
//
// What is never recorded: paths, queries, addresses, accounts, issues, Redis keys
// and values, texts of errors. Every attribute is a constant of this program or
// of its configuration, a status, or one of a few known words, so nobody outside
// can add to the number of series.
//
// A nil Telemetry does nothing, and allocates nothing.
package telemetry

import (
	"context"
	"log/slog"
)

// Recorder records spans and metrics. Attributes are texts, whole numbers, or
// lists of texts.
type Recorder interface {
	// Start begins a span. A span of the kind Client begins only inside another
	// one: by itself it would be a trace that says nothing.
	Start(ctx context.Context, kind Kind, name string, attrs ...slog.Attr) (context.Context, Span)
	// Observe adds a duration in seconds to a histogram.
	Observe(ctx context.Context, m *Metric, seconds float64, attrs ...slog.Attr)
	// Add adds to a counter.
	Add(ctx context.Context, m *Metric, n int64, attrs ...slog.Attr)
	// Watch calls read whenever metrics are sent.
	Watch(m *Metric, read func(observe func(value int64, attrs ...slog.Attr))) error
	// Set adds attributes to the span that ctx belongs to.
	Set(ctx context.Context, attrs ...slog.Attr)
}

// Span is a part of a trace that has begun.
type Span interface {
	Set(attrs ...slog.Attr)
	Fail()
	End()
}

// Kind says what a span is about.
type Kind int

// The kinds of spans.
const (
	Internal Kind = iota
	Server        // a request; a caller's traceparent in the context is continued
	Client        // a call of something outside
)

// Telemetry is safe for concurrent use.
type Telemetry struct {
	recorder Recorder
}

// New returns a Telemetry that records.
func New(r Recorder) *Telemetry { return &Telemetry{recorder: r} }

type contextKey struct{}

// With returns a context whose calls of upstreams and steps t records.
func With(ctx context.Context, t *Telemetry) context.Context {
	if t == nil {
		return ctx
	}
	return context.WithValue(ctx, contextKey{}, t)
}

// From returns what With put in, or nil.
func From(ctx context.Context) *Telemetry {
	t, _ := ctx.Value(contextKey{}).(*Telemetry)
	return t
}
