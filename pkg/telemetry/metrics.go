package telemetry

// Metric describes one metric.
type Metric struct {
	Name, Unit, Description string
	Type                    MetricType
	Bounds                  []float64 // of a histogram, in seconds
}

// MetricType says what the values of a metric are.
type MetricType int

// The types of metrics.
const (
	Histogram MetricType = iota
	Counter              // only grows
	UpDown               // a sum that also falls
	Gauge
)

// Bounds of the histograms, in seconds. The first two are the conventions'.
var (
	httpBounds  = []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 25}
	redisBounds = []float64{0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5}
	writeBounds = []float64{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5}
	syncBounds  = []float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120}
)

var (
	served      = &Metric{"http.server.request.duration", "s", "Duration of HTTP server requests; of a stream, until its answer begins.", Histogram, httpBounds}
	called      = &Metric{"http.client.request.duration", "s", "Duration of calls of upstreams, their repeats included.", Histogram, httpBounds}
	redisTrip   = &Metric{"db.client.operation.duration", "s", "Duration of round trips to Redis.", Histogram, redisBounds}
	stepped     = &Metric{"clockwork.sync.step.duration", "s", "Duration of the steps of a sync.", Histogram, syncBounds}
	committed   = &Metric{"clockwork.realtime.commit.duration", "s", "Duration of writing a batch of timers' changes, before they are broadcast.", Histogram, writeBounds}
	commands    = &Metric{"clockwork.redis.commands", "{command}", "Commands sent to Redis, those inside a pipeline too.", Counter, nil}
	limited     = &Metric{"clockwork.rate_limited", "{request}", "Requests refused because a caller sent too many.", Counter, nil}
	changed     = &Metric{"clockwork.sync.changed", "{timer}", "Timers that a sync found started, stopped or edited.", Counter, nil}
	messages    = &Metric{"clockwork.realtime.messages", "{message}", "Messages received from clients, and sent to them.", Counter, nil}
	connections = &Metric{"clockwork.realtime.connections", "{connection}", "Open WebSockets and streams.", UpDown, nil}
	breakerOpen = &Metric{"clockwork.upstream.breaker.open", "", "1 while calls of an upstream are refused because it does not answer.", Gauge, nil}
)
