package telemetry

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"time"
)

// Request is a request that is being answered. Nil is one that is not recorded.
type Request struct {
	t     *Telemetry
	ctx   context.Context // the caller's
	span  Span
	began time.Time
	attrs []slog.Attr // of the metric too
}

// Begin begins a request to the route with the template, "" if no route has the
// path. The path is left out: anything may have been pasted into it.
func (t *Telemetry) Begin(ctx context.Context, r *http.Request, route, id string) (context.Context, *Request) {
	if t == nil {
		return ctx, nil
	}
	q := &Request{t: t, ctx: ctx, began: time.Now()}
	q.attrs = append(make([]slog.Attr, 0, 8), method(r.Method), slog.String("url.scheme", scheme(r)))
	name := Method(r.Method)
	if name == otherMethod {
		name = "HTTP"
	}
	if route != "" {
		q.attrs = append(q.attrs, slog.String("http.route", route))
		name += " " + route
	}
	ctx, q.span = t.recorder.Start(With(ctx, t), Server, name, q.attrs...)
	q.span.Set(slog.Any("http.response.header.x-request-id", []string{id}), slog.String("network.protocol.version", protocol(r)))
	return ctx, q
}

// End ends the request with the answer's status and, if it is an error, its code.
func (q *Request) End(status int, code string) {
	if q == nil {
		return
	}
	q.attrs = append(q.attrs, statusCode(status))
	if status >= http.StatusInternalServerError { // a caller's mistake is no error of the server
		q.attrs = append(q.attrs, errorType(cmp.Or(code, strconv.Itoa(status))))
		q.span.Fail()
	}
	q.span.Set(q.attrs[2:]...)
	q.span.End()
	q.t.recorder.Observe(q.ctx, served, time.Since(q.began).Seconds(), q.attrs...)
}

// otherMethod is the conventions' word for whatever is no method of HTTP.
const otherMethod = "_OTHER"

// Method is the name if it is one of HTTP's: a caller may send any text.
func Method(name string) string {
	switch name {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return name
	}
	return otherMethod
}

func method(name string) slog.Attr       { return slog.String("http.request.method", Method(name)) }
func statusCode(status int) slog.Attr    { return slog.Int("http.response.status_code", status) }
func errorType(problem string) slog.Attr { return slog.String("error.type", problem) }

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
