package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

const policyKey = attribute.Key("clockwork.rate_limit.policy")

// RateLimited counts a request that was refused by the policy with the name,
// which is a constant.
func (t *Telemetry) RateLimited(ctx context.Context, policy string) {
	if t == nil {
		return
	}
	t.in.limited.Add(ctx, 1, metric.WithAttributes(policyKey.String(policy)))
}

// WatchBreakers has read called whenever metrics are sent. It tells, for each
// upstream, whether its calls are refused because it does not answer.
func (t *Telemetry) WatchBreakers(read func(tell func(upstream string, open bool))) error {
	if t == nil {
		return nil
	}
	_, err := t.meter.Int64ObservableGauge("clockwork.upstream.breaker.open",
		metric.WithDescription("1 while calls of an upstream are refused because it does not answer."),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			read(func(upstream string, open bool) {
				state := int64(0)
				if open {
					state = 1
				}
				o.Observe(state, metric.WithAttributes(semconv.ServicePeerName(upstream)))
			})
			return nil
		}))
	return err
}
