package telemetry

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// Request is a request that is being answered. Nil is one that nobody is told
// of.
type Request struct {
	t     *Telemetry
	ctx   context.Context // the caller's
	span  trace.Span
	began time.Time
	attrs []attribute.KeyValue
}

// requestIDKey holds the id that the answer's X-Request-Id and the log have.
const requestIDKey = attribute.Key("http.response.header.x-request-id")

// Begin begins a request to the route with the template, "" where no route has
// the path. A caller's traceparent is continued; whether the trace is recorded
// is up to the sampler. The path is left out: what was pasted into it is
// nobody's business.
func (t *Telemetry) Begin(ctx context.Context, r *http.Request, route, id string) (context.Context, *Request) {
	if t == nil {
		return ctx, nil
	}
	q := &Request{t: t, ctx: ctx, began: time.Now()}
	q.attrs = append(make([]attribute.KeyValue, 0, 8), method(r.Method), semconv.URLScheme(scheme(r)))
	name := "HTTP"
	if known := q.attrs[0].Value.AsString(); known != otherMethod {
		name = known
	}
	if route != "" {
		q.attrs = append(q.attrs, semconv.HTTPRoute(route))
		name += " " + route
	}
	ctx = propagation.TraceContext{}.Extract(With(ctx, t), propagation.HeaderCarrier(r.Header))
	ctx, q.span = t.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(q.attrs...))
	q.span.SetAttributes(requestIDKey.StringSlice([]string{id}), semconv.NetworkProtocolVersion(protocol(r)))
	return ctx, q
}

// TraceID is the trace's id where it is recorded, else "": for the log.
func (q *Request) TraceID() string {
	if q == nil || !q.span.SpanContext().IsSampled() {
		return ""
	}
	return q.span.SpanContext().TraceID().String()
}

// End ends the request with the answer's status and, where it is an error, its
// code.
func (q *Request) End(status int, code string) {
	if q == nil {
		return
	}
	q.attrs = append(q.attrs, semconv.HTTPResponseStatusCode(status))
	if status >= http.StatusInternalServerError { // what the caller is at fault for is no error of the server's
		if code == "" {
			code = strconv.Itoa(status)
		}
		q.attrs = append(q.attrs, semconv.ErrorTypeKey.String(code))
		q.span.SetStatus(codes.Error, "")
	}
	q.span.SetAttributes(q.attrs[2:]...)
	q.span.End()
	q.t.in.served.Record(q.ctx, time.Since(q.began).Seconds(), metric.WithAttributes(q.attrs...))
}

// otherMethod is the conventions' word for whatever is no method of HTTP.
const otherMethod = "_OTHER"

// Method is the name where it is one of HTTP's: a caller may send any text.
func Method(name string) string {
	switch name {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return name
	}
	return otherMethod
}

func method(name string) attribute.KeyValue { return semconv.HTTPRequestMethodKey.String(Method(name)) }

// scheme is that of the connection. What a proxy may say of it is not believed.
func scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

func protocol(r *http.Request) string {
	if r.ProtoMajor > 1 {
		return strconv.Itoa(r.ProtoMajor)
	}
	return "1." + strconv.Itoa(r.ProtoMinor)
}
