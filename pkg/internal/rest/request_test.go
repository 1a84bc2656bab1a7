package rest

import (
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/upstream"
)

func newClient(t *testing.T, opts Options) *Client {
	t.Helper()
	opts.Upstream = "jira"
	c, err := New(opts)
	require.NoError(t, err)
	return c
}

func TestURL(t *testing.T) {
	tests := []struct {
		name, base string
		path       []string
		query      url.Values
		want       string
	}{
		{"no-base-path", "https://h.test", []string{"a", "b"}, nil, "https://h.test/a/b"},
		{"base-path", "https://h.test/ex/jira/c1", []string{"rest", "x"}, nil, "https://h.test/ex/jira/c1/rest/x"},
		{"base-path-with-slash", "https://h.test/v1/", []string{"x"}, nil, "https://h.test/v1/x"},
		{"escaped-base-path", "https://h.test/a%2Fb", []string{"x"}, nil, "https://h.test/a%2Fb/x"},
		{"slash-in-segment", "https://h.test", []string{"issue", "A/../B"}, nil, "https://h.test/issue/A%2F..%2FB"},
		{"percent-in-segment", "https://h.test", []string{"%2e%2e"}, nil, "https://h.test/%252e%252e"},
		{"question-mark-and-hash", "https://h.test", []string{"a?b#c"}, nil, "https://h.test/a%3Fb%23c"},
		{"query", "https://h.test", []string{"a"}, url.Values{"q": {"x&y=z"}}, "https://h.test/a?q=x%26y%3Dz"},
		{"no-path", "https://h.test/v1", nil, nil, "https://h.test/v1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := newClient(t, Options{BaseURL: tt.base}).url(tt.path, tt.query)
			require.NoError(t, err)
			assert.Equal(t, tt.want, got.String())
		})
	}
}

func TestURLRefusesSegmentsThatMoveThePath(t *testing.T) {
	c := newClient(t, Options{BaseURL: "https://h.test"})
	for _, segment := range []string{"", ".", ".."} {
		_, err := c.url([]string{"issue", segment}, nil)
		assert.Errorf(t, err, "segment %q", segment)
	}
}

func TestNewRefusesBaseURL(t *testing.T) {
	tests := []struct{ name, base, want string }{
		{"empty", "", "must begin with http"},
		{"no-scheme", "h.test/v1", "must begin with http"},
		{"other-scheme", "ftp://h.test", "must begin with http"},
		{"no-host", "https:///v1", "has no host"},
		{"password", "https://u:passw0rd@h.test", "must not hold a user"},
		{"query", "https://h.test?a=b", "must not have a query"},
		{"not-a-url", "https://h.test/%zz", "is not a URL"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(Options{Upstream: "jira", BaseURL: tt.base})
			require.ErrorContains(t, err, "jira base URL: "+tt.want)
			assert.NotContains(t, err.Error(), "passw0rd")
		})
	}
}

func TestBuildHeadersAndBody(t *testing.T) {
	c := newClient(t, Options{BaseURL: "https://h.test"})
	ctx := upstream.WithRequestID(t.Context(), "req-1")
	tests := []struct {
		name              string
		in                Request
		contentType, body string
		method            string
	}{
		{"get", Request{}, "", "", "GET"},
		{"json", Request{Method: "POST", JSON: map[string]int{"a": 1}}, "application/json", `{"a":1}`, "POST"},
		{"form", Request{Method: "POST", Form: url.Values{"a": {"1 2"}}}, "application/x-www-form-urlencoded", "a=1+2", "POST"},
		{"own-accept", Request{Header: http.Header{"accept": {"text/plain"}}}, "", "", "GET"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := c.build(ctx, tt.in)
			require.NoError(t, err)
			assert.Equal(t, tt.method, got.Method)
			assert.Equal(t, tt.contentType, got.Header.Get("Content-Type"))
			assert.Equal(t, "req-1", got.Header.Get("X-Request-Id"))
			wantAccept := "application/json"
			if tt.in.Header != nil {
				wantAccept = "text/plain"
			}
			assert.Equal(t, wantAccept, got.Header.Get("Accept"))
			if tt.body != "" {
				b, err := io.ReadAll(got.Body)
				require.NoError(t, err)
				assert.Equal(t, tt.body, string(b))
			}
		})
	}
}
