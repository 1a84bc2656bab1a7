package upstashrest

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
)

// item is one answer: {"result": …}, or {"error": "…"} if Error is set.
type item struct {
	Result any
	Error  string
}

// body returns the JSON object, with either error or result. A null result is written
// too.
func (i item) body() map[string]any {
	if i.Error != "" {
		return map[string]any{"error": i.Error}
	}
	return map[string]any{"result": i.Result}
}

// toItem converts the result of a command to an answer. It returns an error if Redis
// did not answer.
func toItem(cmd *redis.Cmd, encode bool) (item, error) {
	value, err := cmd.Result()
	refused, isRefusal := errors.AsType[redis.Error](err)
	switch {
	case errors.Is(err, redis.Nil):
		return item{}, nil
	case isRefusal:
		return item{Error: refused.Error()}, nil
	case err != nil:
		return item{}, err
	}
	if value == "OK" { // never encoded, according to Upstash's documentation
		return item{Result: value}, nil
	}
	return item{Result: result(value, encode)}, nil
}

// result converts a reply for JSON: bytes that are not UTF-8 are replaced, or with
// encode every string becomes base64.
func result(value any, encode bool) any {
	switch v := value.(type) {
	case string:
		if encode {
			return base64.StdEncoding.EncodeToString([]byte(v))
		}
		return strings.ToValidUTF8(v, "\uFFFD")
	case []any:
		out := make([]any, len(v))
		for i, one := range v {
			out[i] = result(one, encode)
		}
		return out
	case error: // a script may put one inside a list
		return result(v.Error(), encode)
	default:
		return v
	}
}

func writeItem(w http.ResponseWriter, status int, answer item) {
	writeJSON(w, status, answer.body())
}

func writeItems(w http.ResponseWriter, answers []item) {
	list := make([]map[string]any, len(answers))
	for i, answer := range answers {
		list[i] = answer.body()
	}
	writeJSON(w, http.StatusOK, list)
}

func writeJSON(w http.ResponseWriter, status int, answer any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(answer) // it fails if the caller has hung up
}

// writeGone answers that Redis does not answer.
func writeGone(w http.ResponseWriter) {
	http.Error(w, "the Redis behind this stand-in does not answer", http.StatusBadGateway)
}

// countingWriter adds up the bytes of bodies.
type countingWriter struct {
	http.ResponseWriter
	n *atomic.Int64
}

func (w *countingWriter) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
	w.n.Add(int64(n))
	return n, err
}

// Unwrap lets http.ResponseController reach the flusher.
func (w *countingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
