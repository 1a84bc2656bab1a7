package telemetry

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// Realtime is what a realtime server can tell at any moment.
type Realtime struct {
	WebSockets, Streams int   // that are open
	Received, Sent      int64 // messages since the start
}

const transportKey = attribute.Key("clockwork.realtime.transport")

// Watch has read called whenever metrics are sent, so that a message costs
// nothing.
func (t *Telemetry) Watch(read func() Realtime) error {
	if t == nil {
		return nil
	}
	open, err := t.meter.Int64ObservableUpDownCounter("clockwork.realtime.connections", metric.WithUnit("{connection}"),
		metric.WithDescription("Open WebSockets and streams."))
	if err != nil {
		return err
	}
	messages, err := t.meter.Int64ObservableCounter("clockwork.realtime.messages", metric.WithUnit("{message}"),
		metric.WithDescription("Messages received from clients, and sent to them."))
	if err != nil {
		return err
	}
	observe := func(_ context.Context, o metric.Observer) error {
		now := read()
		o.ObserveInt64(open, int64(now.WebSockets), metric.WithAttributes(transportKey.String("websocket")))
		o.ObserveInt64(open, int64(now.Streams), metric.WithAttributes(transportKey.String("sse")))
		o.ObserveInt64(messages, now.Received, metric.WithAttributes(semconv.NetworkIODirectionReceive))
		o.ObserveInt64(messages, now.Sent, metric.WithAttributes(semconv.NetworkIODirectionTransmit))
		return nil
	}
	_, err = t.meter.RegisterCallback(observe, open, messages)
	return err
}

// Committed tells how long the store took for a batch of changes.
func (t *Telemetry) Committed(took time.Duration, err error) {
	if t == nil {
		return
	}
	var with []metric.RecordOption
	if problem := problemOf(err); problem != "" {
		with = append(with, metric.WithAttributes(semconv.ErrorTypeKey.String(problem)))
	}
	t.in.committed.Record(context.Background(), took.Seconds(), with...)
}
