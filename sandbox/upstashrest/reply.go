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

// item is one answer: {"result": …}, or {"error": "…"} when Error is set.
type item struct {
	Result any
	Error  string
}

// body is the JSON object with the one member that applies; a null result is
// written.
func (i item) body() map[string]any {
	if i.Error != "" {
		return map[string]any{"error": i.Error}
	}
	return map[string]any{"result": i.Result}
}

// toItem turns a command that ran into its answer. The error is for a Redis
// that did not answer.
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
	if value == "OK" { // never encoded, says the documentation
		return item{Result: value}, nil
	}
	return item{Result: result(value, encode)}, nil
}

// result makes a reply fit for JSON: bytes that are not UTF-8 are replaced, or
// every string is base64 if the caller asked for that.
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
	_ = enc.Encode(answer) // a caller that hung up hears nothing
}

// writeGone is the answer when the Redis behind does not answer.
func writeGone(w http.ResponseWriter) {
	http.Error(w, "the Redis behind this stand-in does not answer", http.StatusBadGateway)
}

// countingWriter adds up the bytes of bodies.
type countingWriter struct {
	http.ResponseWriter
	n *atomic.Int64
}

// Write counts what was written.
func (w *countingWriter) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
	w.n.Add(int64(n))
	return n, err
}

// Unwrap lets http.ResponseController reach the flusher.
func (w *countingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
