package upstash

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
)

var (
	errNotJSON = errors.New("answer is not JSON")
	errShape   = errors.New("answer has a shape that the REST API does not document")
	errCount   = errors.New("answer holds another number of results than commands were sent")
)

// reply is one {"result": …} or {"error": "…"} object.
type reply struct {
	value   any
	failed  bool
	message string
}

// decodeBody parses exactly one JSON value. Numbers stay text, because a
// float64 would round integers above 2^53.
func decodeBody(body []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return nil, errNotJSON
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errNotJSON
	}
	return v, nil
}

func asReply(v any) (reply, error) {
	object, ok := v.(map[string]any)
	if !ok {
		return reply{}, errShape
	}
	if text, ok := object["error"].(string); ok {
		return reply{failed: true, message: text}, nil
	}
	result, ok := object["result"]
	if !ok {
		return reply{}, errShape
	}
	value, err := redisValue(result)
	return reply{value: value}, err
}

// redisValue maps JSON to what a RESP2 reply can be: nil, int64, string, or a
// list of these.
func redisValue(v any) (any, error) {
	switch v := v.(type) {
	case nil, string:
		return v, nil
	case json.Number:
		n, err := strconv.ParseInt(v.String(), 10, 64)
		if err != nil {
			return nil, errShape
		}
		return n, nil
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			converted, err := redisValue(item)
			if err != nil {
				return nil, err
			}
			out[i] = converted
		}
		return out, nil
	default:
		return nil, errShape
	}
}
