package fault

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
)

// recorded is an answer that a handler wrote, before it is sent.
type recorded struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func record(h http.Handler, r *http.Request) *recorded {
	rec := &recorded{header: http.Header{}, status: http.StatusOK}
	h.ServeHTTP(rec, r)
	return rec
}

func (rec *recorded) Header() http.Header         { return rec.header }
func (rec *recorded) WriteHeader(status int)      { rec.status = status }
func (rec *recorded) Write(b []byte) (int, error) { return rec.body.Write(b) }

func (rec *recorded) copyHeader(w http.ResponseWriter, length int) {
	for k, v := range rec.header {
		w.Header()[k] = v
	}
	w.Header().Set("Content-Length", strconv.Itoa(length))
	w.WriteHeader(rec.status)
}

func (rec *recorded) copyTo(w http.ResponseWriter) {
	rec.copyHeader(w, rec.body.Len())
	_, _ = w.Write(rec.body.Bytes())
}

func (rec *recorded) truncate(w http.ResponseWriter) {
	rec.copyHeader(w, max(rec.body.Len(), 64))
	_, _ = w.Write(rec.body.Bytes()[:rec.body.Len()/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// withWrongTypes preserves the structure of a JSON text and changes the type of every
// value in it. A body that is not JSON becomes a number.
func withWrongTypes(body []byte) []byte {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return []byte("7")
	}
	out, _ := json.Marshal(retype(v))
	return out
}

func retype(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = retype(v[k])
		}
		return v
	case []any:
		for i := range v {
			v[i] = retype(v[i])
		}
		return v
	case string:
		return []string{v}
	case float64:
		return true
	case bool:
		return "yes"
	}
	return v
}
