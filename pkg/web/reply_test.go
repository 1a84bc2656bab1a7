package web_test

import (
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/web"
)

func TestReplyWrite(t *testing.T) {
	for name, tc := range map[string]struct {
		reply web.Reply
		body  string
	}{
		"ok":           {web.OK(map[string]any{"timers": []int{}}), `{"timers":[]}`},
		"created":      {web.Reply{Status: 201, Body: struct{}{}}, `{}`},
		"with-etag":    {web.Reply{Status: 200, Body: "é<b>", ETag: `"7"`}, `"é\u003cb\u003e"`},
		"not-modified": {web.Reply{Status: 304, Body: "unsent", ETag: `"7"`}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			require.NoError(t, tc.reply.Write(w))
			assert.Equal(t, tc.reply.Status, w.Code)
			assert.Equal(t, tc.body, w.Body.String())
			assert.Equal(t, tc.reply.ETag, w.Header().Get("ETag"))
			if tc.reply.Status != http.StatusNotModified {
				assert.Equal(t, "application/json; charset=utf-8", w.Header().Get("Content-Type"))
				assert.Equal(t, strconv.Itoa(len(tc.body)), w.Header().Get("Content-Length"))
			}
		})
	}
}

func TestReplyThatCannotBeEncodedSendsNothing(t *testing.T) {
	w := httptest.NewRecorder()
	require.Error(t, web.OK(math.Inf(1)).Write(w))
	assert.Empty(t, w.Body.String())
	assert.Empty(t, w.Header(), "the caller may still answer with an error")
}

func TestWriteError(t *testing.T) {
	for name, tc := range map[string]struct {
		err        web.Error
		body       string
		retryAfter string
	}{
		"plain": {web.Error{Status: 404, Code: "USER_NOT_FOUND", Message: "Nobody has this address."},
			`{"error":"USER_NOT_FOUND","message":"Nobody has this address.","statusCode":404}`, ""},
		"with-field": {*web.BadRequest("wait", "%s must be a whole number.", "wait"),
			`{"error":"BAD_REQUEST","message":"wait must be a whole number.","statusCode":400,"field":"wait"}`, ""},
		"cause-stays-inside": {web.Error{Status: 503, Code: "CACHE_UNAVAILABLE", Message: "Try again.", Err: errors.New("10.0.0.7 refused")},
			`{"error":"CACHE_UNAVAILABLE","message":"Try again.","statusCode":503}`, ""},
		"retry-in-seconds":  {web.Error{Status: 429, Code: "C", Message: "M", RetryAfter: 3 * time.Second}, `{"error":"C","message":"M","statusCode":429}`, "3"},
		"retry-rounded-up":  {web.Error{Status: 429, Code: "C", Message: "M", RetryAfter: 1200 * time.Millisecond}, `{"error":"C","message":"M","statusCode":429}`, "2"},
		"retry-in-a-moment": {web.Error{Status: 429, Code: "C", Message: "M", RetryAfter: 1}, `{"error":"C","message":"M","statusCode":429}`, "1"},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			web.WriteError(w, &tc.err)
			assert.Equal(t, tc.err.Status, w.Code)
			assert.Equal(t, tc.body, w.Body.String())
			assert.Equal(t, tc.retryAfter, w.Header().Get("Retry-After"))
		})
	}
}

func TestErrorText(t *testing.T) {
	cause := errors.New("refused")
	err := &web.Error{Code: "C", Message: "M", Err: cause}
	assert.Equal(t, "C: refused", err.Error())
	require.ErrorIs(t, err, cause)
	assert.Equal(t, "C: M", (&web.Error{Code: "C", Message: "M"}).Error())
}

func TestMatches(t *testing.T) {
	for name, tc := range map[string]struct {
		headers []string
		etag    string
		want    bool
	}{
		"same":            {[]string{`"7"`}, `"7"`, true},
		"other":           {[]string{`"8"`}, `"7"`, false},
		"none":            {nil, `"7"`, false},
		"empty":           {[]string{""}, `"7"`, false},
		"any":             {[]string{"*"}, `"7"`, true},
		"list":            {[]string{`"6", "7","8"`}, `"7"`, true},
		"two-headers":     {[]string{`"6"`, `"7"`}, `"7"`, true},
		"weak":            {[]string{`W/"7"`}, `"7"`, true},
		"both-weak":       {[]string{`W/"7"`}, `W/"7"`, true},
		"weak-lower-case": {[]string{`w/"7"`}, `"7"`, false},
		"stale-differs":   {[]string{`"7"`}, `"7-stale"`, false},
		"unquoted":        {[]string{`7`}, `"7"`, false},
		"prefix":          {[]string{`"77"`}, `"7"`, false},
		"no-tag-to-match": {[]string{`"7"`}, "", false},
		"nothing-at-all":  {[]string{", ,"}, "", false},
		"any-of-nothing":  {[]string{"*"}, "", false},

		"gzip":                {[]string{`"7-gzip"`}, `"7"`, true},
		"gzip-of-jetty":       {[]string{`"7--gzip"`}, `"7"`, true},
		"gzip-after-the-tag":  {[]string{`"7"-gzip`}, `"7"`, true},
		"gzip-and-weak":       {[]string{`W/"7-gzip"`}, `"7"`, true},
		"gzip-twice":          {[]string{`"7-gzip-gzip"`}, `"7"`, true},
		"gzip-by-a-semicolon": {[]string{`"7;gzip"`}, `"7"`, true},
		"brotli":              {[]string{`"7-br"`}, `"7"`, true},
		"zstd-in-a-list":      {[]string{`"6-zstd", W/"7-zstd"`}, `"7"`, true},
		"deflate":             {[]string{`"7:deflate"`}, `"7"`, true},
		"stale-gzip":          {[]string{`"7-stale-gzip"`}, `"7-stale"`, true},
		"stale-gzip-differs":  {[]string{`"7-stale-gzip"`}, `"7"`, false},
		"gzip-of-another":     {[]string{`"77-gzip"`}, `"7"`, false},
		"another-suffix":      {[]string{`"7-x"`}, `"7"`, false},
		"no-suffix":           {[]string{`"7gzip"`}, `"7"`, false},
		"only-a-suffix":       {[]string{`"-gzip"`}, `"7"`, false},
		"suffix-unquoted":     {[]string{`7-gzip`}, `"7"`, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			for _, header := range tc.headers {
				r.Header.Add("If-None-Match", header)
			}
			assert.Equal(t, tc.want, web.Matches(r, tc.etag))
		})
	}
}

func TestRequestID(t *testing.T) {
	given := func(id string) string {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["X-Request-Id"] = []string{id}
		return web.RequestID(r)
	}
	for _, id := range []string{"a", "0af7651916cd43dd", "arn1::iad1::x7k-1.2_3", strings.Repeat("a", 64)} {
		assert.Equal(t, id, given(id))
	}
	seen := map[string]bool{}
	for _, id := range []string{"", " ", "a b", "-a", strings.Repeat("a", 65), "a\nb", "<script>", "é", `a"b`, "a\n"} {
		made := given(id)
		assert.NotEqual(t, id, made)
		assert.Regexp(t, `^[A-Z0-9]{26}$`, made)
		assert.False(t, seen[made], "each request gets its own")
		seen[made] = true
	}
}
