package otlpjson

import (
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace"
)

type wireTraces struct {
	ResourceSpans []resourceSpans `json:"resourceSpans"`
}

type resourceSpans struct {
	Resource   wireResource `json:"resource"`
	ScopeSpans []scopeSpans `json:"scopeSpans"`
}

type scopeSpans struct {
	Scope wireScope  `json:"scope"`
	Spans []wireSpan `json:"spans"`
}

type wireSpan struct {
	TraceID      string     `json:"traceId"`
	SpanID       string     `json:"spanId"`
	ParentSpanID string     `json:"parentSpanId,omitempty"`
	Flags        uint32     `json:"flags"`
	Name         string     `json:"name"`
	Kind         int        `json:"kind"`
	Start        string     `json:"startTimeUnixNano"`
	End          string     `json:"endTimeUnixNano"`
	Attributes   []keyValue `json:"attributes"`
	Status       wireStatus `json:"status"`
}

type wireStatus struct {
	Code int `json:"code,omitempty"`
}

// statusError is OTLP's STATUS_CODE_ERROR.
const statusError = 2

// tracesOf encodes spans of one resource and one scope: package telemetry's.
func tracesOf(spans []trace.ReadOnlySpan) wireTraces {
	group := scopeSpans{Spans: make([]wireSpan, len(spans))}
	own := resourceSpans{}
	for i, s := range spans {
		if i == 0 {
			own.Resource, group.Scope = resourceOf(s.Resource()), scopeOf(s.InstrumentationScope())
		}
		group.Spans[i] = spanOf(s)
	}
	own.ScopeSpans = []scopeSpans{group}
	return wireTraces{[]resourceSpans{own}}
}

func spanOf(s trace.ReadOnlySpan) wireSpan {
	span := wireSpan{
		TraceID: s.SpanContext().TraceID().String(), SpanID: s.SpanContext().SpanID().String(), Flags: uint32(s.SpanContext().TraceFlags()),
		Name: s.Name(), Kind: int(s.SpanKind()), // the numbers are OTLP's
		Start: nano(s.StartTime()), End: nano(s.EndTime()), Attributes: attributesOf(s.Attributes()),
	}
	if s.Parent().HasSpanID() {
		span.ParentSpanID = s.Parent().SpanID().String()
	}
	if s.Status().Code == codes.Error {
		span.Status.Code = statusError
	}
	return span
}
