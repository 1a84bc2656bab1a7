package lambdaruntime

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// The messages that go-bridge reads and writes, see bridge.go in
// github.com/vercel/go-bridge/go/bridge: an event whose body is a string of JSON.
type event struct {
	Action string `json:"Action"`
	Body   string `json:"body"`
}

type request struct {
	Host     string              `json:"host"`
	Path     string              `json:"path"` // the whole request target, with the query
	Method   string              `json:"method"`
	Headers  map[string][]string `json:"headers"`
	Encoding string              `json:"encoding,omitempty"`
	Body     string              `json:"body"`
}

type response struct {
	StatusCode int                 `json:"statusCode"`
	Headers    map[string][]string `json:"headers"`
	Encoding   string              `json:"encoding"`
	Body       string              `json:"body"`
}

func encodeRequest(r *http.Request) ([]byte, error) {
	body, err := readAll(r.Body)
	if err != nil {
		return nil, fmt.Errorf("read request body: %w", err)
	}
	headers := r.Header.Clone()
	if headers == nil {
		headers = http.Header{}
	}
	host := cmp.Or(r.Host, r.URL.Host)
	headers.Set("Host", host)
	if len(body) > 0 {
		headers.Set("Content-Length", fmt.Sprint(len(body)))
	}
	inner, err := json.Marshal(request{
		Host:     host,
		Path:     r.URL.RequestURI(),
		Method:   r.Method,
		Headers:  headers,
		Encoding: "base64",
		Body:     base64.StdEncoding.EncodeToString(body),
	})
	if err != nil {
		return nil, fmt.Errorf("encode request: %w", err)
	}
	return json.Marshal(event{Action: "Invoke", Body: string(inner)})
}

func decodeResponse(r *http.Request, answer []byte) (*http.Response, error) {
	var res response
	if err := json.Unmarshal(answer, &res); err != nil {
		return nil, fmt.Errorf("decode the function's answer: %w", err)
	}
	body := []byte(res.Body)
	if res.Encoding == "base64" {
		var err error
		if body, err = base64.StdEncoding.DecodeString(res.Body); err != nil {
			return nil, fmt.Errorf("decode the function's body: %w", err)
		}
	}
	return &http.Response{
		StatusCode:    res.StatusCode,
		Status:        fmt.Sprintf("%d %s", res.StatusCode, http.StatusText(res.StatusCode)),
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        http.Header(res.Headers),
		Body:          io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)),
		Request:       r,
	}, nil
}
