package otlpjson

import (
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
)

// The messages of OTLP 1.x as its JSON has them: 64-bit numbers are strings,
// ids are hexadecimal, enumerations are numbers.

type wireResource struct {
	Attributes []keyValue `json:"attributes"`
}

type wireScope struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
}

type keyValue struct {
	Key   string `json:"key"`
	Value value  `json:"value"`
}

// value has one of its fields.
type value struct {
	String *string  `json:"stringValue,omitempty"`
	Bool   *bool    `json:"boolValue,omitempty"`
	Int    *string  `json:"intValue,omitempty"`
	Double *float64 `json:"doubleValue,omitempty"`
	Array  *array   `json:"arrayValue,omitempty"`
}

type array struct {
	Values []value `json:"values"`
}

func attributesOf(attrs []attribute.KeyValue) []keyValue {
	all := make([]keyValue, len(attrs))
	for i, a := range attrs {
		all[i] = keyValue{string(a.Key), valueOf(a.Value)}
	}
	return all
}

func valueOf(v attribute.Value) value {
	switch v.Type() {
	case attribute.BOOL:
		b := v.AsBool()
		return value{Bool: &b}
	case attribute.INT64:
		n := strconv.FormatInt(v.AsInt64(), 10)
		return value{Int: &n}
	case attribute.FLOAT64:
		f := v.AsFloat64()
		return value{Double: &f}
	case attribute.STRINGSLICE:
		texts := v.AsStringSlice()
		list := &array{make([]value, len(texts))}
		for i := range texts {
			list.Values[i].String = &texts[i]
		}
		return value{Array: list}
	}
	text := v.String()
	return value{String: &text}
}

func resourceOf(r *resource.Resource) wireResource { return wireResource{attributesOf(r.Attributes())} }

func scopeOf(s instrumentation.Scope) wireScope { return wireScope{s.Name, s.Version} }

// nano is a time as OTLP has it, 0 where it is not known.
func nano(t time.Time) string {
	if t.IsZero() {
		return "0"
	}
	return strconv.FormatInt(t.UnixNano(), 10)
}
