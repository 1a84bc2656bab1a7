package web_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/web"
)

type start struct {
	IssueKey string `json:"issueKey"`
	TimerID  int64  `json:"timerId"`
	Nested   struct {
		Deep bool `json:"deep"`
	} `json:"nested"`
	Tags []string `json:"tags"`
}

func post(contentType, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/api/timers/start", strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r
}

func TestDecodeJSON(t *testing.T) {
	for name, tc := range map[string]struct{ contentType, body string }{
		"plain":              {"application/json", `{"issueKey":"A-1"}`},
		"charset":            {"application/json; charset=utf-8", `{"issueKey":"A-1"}`},
		"charset-upper-case": {`Application/JSON; Charset="UTF-8"`, `{"issueKey":"A-1"}`},
		"other-parameter":    {"application/json; v=1", `{"issueKey":"A-1"}`},
		"unknown-member":     {"application/json", `{"issueKey":"A-1","new":{"a":[1]}}`},
		"white-space-around": {"application/json", " \r\n\t{\"issueKey\":\"A-1\"}\n "},
		"null-member":        {"application/json", `{"issueKey":"A-1","timerId":null}`},
	} {
		t.Run(name, func(t *testing.T) {
			var got start
			require.NoError(t, web.DecodeJSON(post(tc.contentType, tc.body), &got))
			assert.Equal(t, start{IssueKey: "A-1"}, got)
		})
	}
}

func TestDecodeJSONRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ body, field, message string }{
		"nothing":        {"", "", "The body must be a JSON object."},
		"white-space":    {" \n", "", "The body must be a JSON object."},
		"null":           {"null", "", "The body must be a JSON object."},
		"array":          {`[{"issueKey":"A-1"}]`, "", "The body must be a JSON object."},
		"string":         {`"x"`, "", "The body must be a JSON object."},
		"byte-order":     {"\ufeff{}", "", "The body must be a JSON object."},
		"cut":            {`{"issueKey":"A-`, "", "The body is not valid JSON."},
		"not-json":       {`{issueKey:"A-1"}`, "", "The body is not valid JSON."},
		"trailing-text":  {`{"issueKey":"A-1"} x`, "", "The body has something after its JSON object."},
		"second-object":  {`{"issueKey":"A-1"}{"issueKey":"A-2"}`, "", "The body has something after its JSON object."},
		"trailing-brace": {`{"issueKey":"A-1"}}`, "", "The body has something after its JSON object."},
		"number-for-key": {`{"issueKey":1}`, "issueKey", "issueKey is of the wrong JSON type."},
		"text-for-id":    {`{"timerId":"1"}`, "timerId", "timerId is of the wrong JSON type."},
		"fraction":       {`{"timerId":1.5}`, "timerId", "timerId is of the wrong JSON type."},
		"beyond-int64":   {`{"timerId":9223372036854775808}`, "timerId", "timerId is of the wrong JSON type."},
		"nested":         {`{"nested":{"deep":"yes"}}`, "nested.deep", "nested.deep is of the wrong JSON type."},
		"in-a-list":      {`{"tags":["a",1]}`, "tags", "tags is of the wrong JSON type."},
		"object-for-key": {`{"issueKey":{"$ne":""}}`, "issueKey", "issueKey is of the wrong JSON type."},
	} {
		t.Run(name, func(t *testing.T) {
			var got start
			e := refused(t, web.DecodeJSON(post("application/json", tc.body), &got))
			assert.Equal(t, tc.field, e.Field)
			assert.Equal(t, tc.message, e.Message)
		})
	}
}

func TestDecodeJSONContentType(t *testing.T) {
	for name, contentType := range map[string]string{
		"none": "", "form": "application/x-www-form-urlencoded", "text": "text/plain", "html": "text/html",
		"like-json": "application/jsonp", "suffix": "application/problem+json", "latin-1": "application/json; charset=iso-8859-1",
		"utf-16": "application/json; charset=utf-16", "malformed": "application/json; charset", "two": "application/json, text/plain",
	} {
		t.Run(name, func(t *testing.T) {
			var got start
			err := web.DecodeJSON(post(contentType, `{"issueKey":"A-1"}`), &got)
			var e *web.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, http.StatusUnsupportedMediaType, e.Status)
			assert.Equal(t, "UNSUPPORTED_MEDIA_TYPE", e.Code)
			assert.Zero(t, got)
		})
	}
}

func TestDecodeJSONLimit(t *testing.T) {
	const limit = 64 << 10
	sized := func(n int) string { return `{"issueKey":"` + strings.Repeat("x", n-len(`{"issueKey":""}`)) + `"}` }
	for name, tc := range map[string]struct {
		size    int
		chunked bool
		status  int
	}{
		"at-the-limit":         {limit, false, 0},
		"at-the-limit-chunked": {limit, true, 0},
		"one-over":             {limit + 1, false, http.StatusRequestEntityTooLarge},
		"one-over-chunked":     {limit + 1, true, http.StatusRequestEntityTooLarge},
		"far-over-chunked":     {100 * limit, true, http.StatusRequestEntityTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tc.status, statusOverHTTP(t, sized(tc.size), tc.chunked))
		})
	}
}

// statusOverHTTP sends a body to a real server and returns the status of the
// error that decoding it gives, 0 for none.
func statusOverHTTP(t *testing.T, body string, chunked bool) (status int) {
	t.Helper()
	results := make(chan error, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		assert.Equal(t, chunked, r.ContentLength < 0)
		results <- web.DecodeJSON(r, &start{})
	}))
	defer server.Close()
	var reader io.Reader = strings.NewReader(body)
	if chunked {
		reader = io.MultiReader(reader) // of no known length
	}
	res, err := server.Client().Post(server.URL, "application/json", reader)
	if err == nil { // the server may hang up on a caller who goes on sending
		require.NoError(t, res.Body.Close())
	}
	if e, ok := errors.AsType[*web.Error](<-results); ok {
		return e.Status
	}
	return 0
}

func TestDecodeJSONDoesNotReadWhatIsTooLong(t *testing.T) {
	r := post("application/json", "")
	r.ContentLength = 64<<10 + 1
	r.Body = io.NopCloser(unreadable{t})
	var e *web.Error
	require.ErrorAs(t, web.DecodeJSON(r, &start{}), &e)
	assert.Equal(t, http.StatusRequestEntityTooLarge, e.Status)
}

type unreadable struct{ t *testing.T }

func (u unreadable) Read([]byte) (int, error) {
	assert.Fail(u.t, "the body was read")
	return 0, io.EOF
}

func TestDecodeJSONBodyBreaksOff(t *testing.T) {
	broken := errors.New("connection reset")
	r := post("application/json", "")
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"issueKey"`), failing{broken}))
	r.ContentLength = -1
	err := web.DecodeJSON(r, &start{})
	refused(t, err)
	require.ErrorIs(t, err, broken, "the cause is for the log")
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// checked refuses by itself, as a request's type may.
type checked struct{}

func (*checked) UnmarshalJSON([]byte) error { return web.BadRequest("issueKey", "Give an issue key.") }

func TestDecodeJSONKeepsATypesOwnRefusal(t *testing.T) {
	e := refused(t, web.DecodeJSON(post("application/json", "{}"), &checked{}))
	assert.Equal(t, "issueKey", e.Field)
}

// FuzzDecodeJSON: a body is one JSON object, or it is refused with a sentence.
func FuzzDecodeJSON(f *testing.F) {
	for _, seed := range []string{"", "{}", `{"issueKey":"A-1"}`, `{"issueKey":1}`, "{}{}", "[", "null", `{"tags":[null]}`, "\xff{}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		var got start
		if err := web.DecodeJSON(r, &got); err != nil {
			var e *web.Error
			require.ErrorAs(t, err, &e)
			assert.Contains(t, []int{400, 413}, e.Status)
			assert.NotEmpty(t, e.Message)
			return
		}
		assert.True(t, json.Valid(body))
		assert.True(t, bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{")))
	})
}
