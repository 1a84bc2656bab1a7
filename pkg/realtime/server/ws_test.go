package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/manualclock"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/fanout"
	"github.com/clockwork-timer/backend/pkg/realtime/server"
)

func TestBroadcast(t *testing.T) {
	w := newWorld(t, server.Options{})
	laptop, state := w.connect("ann")
	assert.Zero(t, state.Payload.Seq)
	assert.Empty(t, state.Payload.Timers)
	phone, _ := w.connect("ann")
	bob, _ := w.connect("bob")

	laptop.action("timer_start", "one")
	for _, c := range []*client{laptop, phone} {
		m := c.update(1, "one", realtime.Running)
		assert.Equal(t, "ann", m.Payload.UserID)
		assert.Equal(t, realtime.SourceClient, m.Payload.Source)
		assert.Equal(t, startedAt, m.Payload.StartedAt.Format(time.RFC3339))
	}
	phone.action("timer_stop", "one")
	laptop.update(2, "one", realtime.Stopped)
	phone.update(2, "one", realtime.Stopped)

	bob.action("timer_start", "own")
	bob.update(1, "own", realtime.Running) // and nothing of ann's before it

	_, late := w.connect("ann")
	assert.Equal(t, int64(2), late.Payload.Seq)
	require.Len(t, late.Payload.Timers, 1)
	assert.Equal(t, realtime.Stopped, late.Payload.Timers[0].Status)
}

func TestRepeatChangesNothing(t *testing.T) {
	w := newWorld(t, server.Options{})
	sender, _ := w.connect("ann")
	other, _ := w.connect("ann")
	sender.action("timer_start", "one")
	sender.update(1, "one", realtime.Running)
	other.update(1, "one", realtime.Running)
	sender.action("timer_start", "one")
	sender.update(1, "one", realtime.Running) // as it is
	sender.action("timer_stop", "one")
	sender.update(2, "one", realtime.Stopped)
	other.update(2, "one", realtime.Stopped) // nothing in between
}

func TestSince(t *testing.T) {
	w := newWorld(t, server.Options{})
	c, _ := w.connect("ann")
	for _, action := range []string{"timer_start", "timer_stop", "timer_start"} {
		c.action(action, "one")
		c.next()
	}
	back := w.dial("ann", w.since(1))
	back.update(2, "one", realtime.Stopped)
	back.update(3, "one", realtime.Running)
	for name, since := range map[string]string{"ahead-of-the-store": w.since(9), "before-the-store": "?since=2", "none": "?since="} {
		t.Run(name, func(t *testing.T) {
			m := w.dial("ann", since).next()
			assert.Equal(t, "state", m.Event)
			assert.Equal(t, int64(3), m.Payload.Seq)
		})
	}
	current := w.dial("ann", w.since(3))
	c.action("timer_stop", "one")
	current.update(4, "one", realtime.Stopped)
}

func TestSinceTooOld(t *testing.T) {
	w := newWorld(t, server.Options{Limits: server.Limits{PerSecond: 1e6}})
	c, _ := w.connect("ann")
	const rounds = realtime.MaxRecent/2 + 10
	for range rounds {
		for _, action := range []string{"timer_start", "timer_stop"} {
			c.action(action, "one")
			c.next()
		}
	}
	m := w.dial("ann", w.since(1)).next()
	assert.Equal(t, "state", m.Event)
	assert.Equal(t, int64(2*rounds), m.Payload.Seq)
}

func TestTokenPlaces(t *testing.T) {
	w := newWorld(t, server.Options{})
	token := tokenOf(t, "ann")
	for name, tc := range map[string]struct {
		query        string
		header       http.Header
		wantProtocol string
	}{
		"header":      {"", http.Header{"Authorization": {"Bearer " + token}}, ""},
		"lower-case":  {"", http.Header{"Authorization": {"bearer " + token}}, ""},
		"query":       {"?token=" + token, nil, ""},
		"subprotocol": {"", http.Header{"Subprotocols": {"bearer", token}}, "bearer"},
	} {
		t.Run(name, func(t *testing.T) {
			c := w.dialWith("ann", tc.query, tc.header)
			assert.Equal(t, tc.wantProtocol, c.ws.Subprotocol())
			assert.Equal(t, "state", c.next().Event)
		})
	}
}

func TestNotLetIn(t *testing.T) {
	w := newWorld(t, server.Options{Origins: []string{"https://app.example.test"}})
	good := tokenOf(t, "ann")
	spoilt := func(spoil func(*auth.Claims)) string {
		c := claims("ann")
		spoil(c)
		return sign(t, jwt.SigningMethodHS256, []byte(signingKey), c)
	}
	ws := func(token, origin string) http.Header {
		h := http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}}
		if token != "" {
			h.Set("Authorization", "Bearer "+token)
		}
		if origin != "" {
			h.Set("Origin", origin)
		}
		return h
	}
	clockwork := func(token string) http.Header {
		h := ws(good, "")
		h.Set("X-Clockwork-Token", token)
		return h
	}
	for name, tc := range map[string]struct {
		method, query string
		header        http.Header
		status        int
		code          string
	}{
		"no-token":        {"GET", "", ws("", ""), 401, "UNAUTHORIZED"},
		"no-jwt":          {"GET", "", ws("marked", ""), 401, "UNAUTHORIZED"},
		"expired":         {"GET", "", ws(spoilt(func(c *auth.Claims) { c.ExpiresAt = jwt.NewNumericDate(time.Now().Add(-time.Second)) }), ""), 401, "UNAUTHORIZED"},
		"no-expiry":       {"GET", "", ws(spoilt(func(c *auth.Claims) { c.ExpiresAt = nil }), ""), 401, "UNAUTHORIZED"},
		"wrong-audience":  {"GET", "", ws(spoilt(func(c *auth.Claims) { c.Audience = jwt.ClaimStrings{"other"} }), ""), 401, "UNAUTHORIZED"},
		"wrong-issuer":    {"GET", "", ws(spoilt(func(c *auth.Claims) { c.Issuer = "other" }), ""), 401, "UNAUTHORIZED"},
		"no-user":         {"GET", "", ws(spoilt(func(c *auth.Claims) { c.Subject = "" }), ""), 401, "UNAUTHORIZED"},
		"wrong-key":       {"GET", "", ws(sign(t, jwt.SigningMethodHS256, []byte(strings.Repeat("x", 32)), claims("ann")), ""), 401, "UNAUTHORIZED"},
		"other-algorithm": {"GET", "", ws(sign(t, jwt.SigningMethodHS512, []byte(signingKey), claims("ann")), ""), 401, "UNAUTHORIZED"},
		"alg-none":        {"GET", "", ws(sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claims("ann")), ""), 401, "UNAUTHORIZED"},
		"bad-token-query": {"GET", "?token=marked", ws("", ""), 401, "UNAUTHORIZED"},
		"bad-since":       {"GET", "?since=x", ws(good, ""), 400, "BAD_REQUEST"},
		"negative-since":  {"GET", "?since=-1", ws(good, ""), 400, "BAD_REQUEST"},
		"bad-query":       {"GET", "?%zz", ws(good, ""), 400, "BAD_REQUEST"},
		"two-in-query":    {"GET", "?token=" + good + "&token=marked", ws("", ""), 400, "BAD_REQUEST"},
		"since-twice":     {"GET", "?since=1&since=2", ws(good, ""), 400, "BAD_REQUEST"},
		"long-parameter":  {"GET", "?x=" + strings.Repeat("x", 257), ws(good, ""), 400, "BAD_REQUEST"},
		"long-token":      {"GET", "", ws(strings.Repeat("marked", 1000), ""), 401, "UNAUTHORIZED"},
		"long-clockwork":  {"GET", "", clockwork(strings.Repeat("marked", 1000)), 400, "BAD_REQUEST"},
		"odd-clockwork":   {"GET", "", clockwork("marked\xff"), 400, "BAD_REQUEST"},
		"foreign-origin":  {"GET", "", ws(good, "https://evil.example"), 403, "ORIGIN_NOT_ALLOWED"},
		"null-origin":     {"GET", "", ws(good, "null"), 403, "ORIGIN_NOT_ALLOWED"},
		"no-upgrade":      {"GET", "", http.Header{"Authorization": {"Bearer " + good}}, 426, "UPGRADE_REQUIRED"},
		"other-method":    {"POST", "", ws(good, ""), 405, "METHOD_NOT_ALLOWED"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), tc.method, w.http.URL+"/ws"+tc.query, nil)
			require.NoError(t, err)
			r.Header = tc.header
			res, err := http.DefaultTransport.RoundTrip(r)
			require.NoError(t, err)
			defer res.Body.Close()
			assert.Equal(t, tc.status, res.StatusCode)
			body := readAll(t, res.Body)
			assert.Contains(t, body, `"error":"`+tc.code+`"`)
			assert.NotContains(t, body, "marked")
			assert.NotEmpty(t, res.Header.Get("X-Request-Id"))
			assert.NotEmpty(t, res.Header.Get("Server-Timing"))
		})
	}
	assert.Zero(t, w.server.Connections())
}

func TestOriginsLetIn(t *testing.T) {
	w := newWorld(t, server.Options{Origins: []string{"https://app.example.test"}})
	for _, origin := range []string{"https://app.example.test", "tauri://localhost", "app://clockwork", "file://", w.http.URL} {
		h := http.Header{"Authorization": {"Bearer " + tokenOf(t, "ann")}, "Origin": {origin}}
		assert.Equal(t, "state", w.dialWith("ann", "", h).next().Event, origin)
	}
}

func TestRefusedMessages(t *testing.T) {
	w := newWorld(t, server.Options{Limits: server.Limits{PerSecond: 1e6}})
	c, _ := w.connect("ann")
	deep := `{"action":` + strings.Repeat("[", 1500) + strings.Repeat("]", 1500) + `}`
	for name, tc := range map[string]struct{ text, code string }{
		"not-json":       {`{"action":`, realtime.CodeBadMessage},
		"empty":          {``, realtime.CodeBadMessage},
		"two-objects":    {`{}{}`, realtime.CodeBadMessage},
		"array":          {`[]`, realtime.CodeBadMessage},
		"null":           {`null`, realtime.CodeBadMessage},
		"deep":           {deep, realtime.CodeBadMessage},
		"number-as-id":   {`{"action":"timer_start","id":7,"user_id":"ann","started_at":"` + startedAt + `"}`, realtime.CodeBadMessage},
		"no-id":          {`{"action":"timer_start","user_id":"ann","started_at":"` + startedAt + `"}`, realtime.CodeBadMessage},
		"long-id":        {`{"action":"timer_start","id":"` + strings.Repeat("i", 129) + `","user_id":"ann","started_at":"` + startedAt + `"}`, realtime.CodeBadMessage},
		"control-in-id":  {`{"action":"timer_start","id":"a\u0007","user_id":"ann","started_at":"` + startedAt + `"}`, realtime.CodeBadMessage},
		"unknown-action": {`{"action":"timer_pause","id":"a","user_id":"ann","started_at":"` + startedAt + `"}`, realtime.CodeUnknownAction},
		"no-action":      {`{"id":"a","user_id":"ann","started_at":"` + startedAt + `"}`, realtime.CodeUnknownAction},
		"other-user":     {`{"action":"timer_start","id":"a","user_id":"bob","started_at":"` + startedAt + `"}`, realtime.CodeForbidden},
		"no-user":        {`{"action":"timer_start","id":"a","started_at":"` + startedAt + `"}`, realtime.CodeBadMessage},
		"no-start":       {`{"action":"timer_stop","id":"a","user_id":"ann"}`, realtime.CodeBadMessage},
		"bad-start":      {`{"action":"timer_start","id":"a","user_id":"ann","started_at":"yesterday"}`, realtime.CodeBadMessage},
		"far-start":      {`{"action":"timer_start","id":"a","user_id":"ann","started_at":"2999-01-01T00:00:00Z"}`, realtime.CodeBadMessage},
		"bad-issue":      {`{"action":"timer_start","id":"a","user_id":"ann","started_at":"` + startedAt + `","issue_key":"x"}`, realtime.CodeBadMessage},
		"bad-comment":    {`{"action":"timer_start","id":"a","user_id":"ann","started_at":"` + startedAt + `","comment":"\u0000"}`, realtime.CodeBadMessage},
	} {
		t.Run(name, func(t *testing.T) {
			c.send(tc.text)
			c.refused(tc.code)
		})
	}
	c.action("timer_start", "fine") // the connection has stayed open
	c.update(1, "fine", realtime.Running)
}

// In any script, and however it is escaped.
func TestLongestComment(t *testing.T) {
	w := newWorld(t, server.Options{})
	c, _ := w.connect("ann")
	seq := int64(0)
	for name, comment := range map[string]string{
		"ascii":    strings.Repeat("x", 2000),
		"cyrillic": strings.Repeat("ш", 2000),
		"emoji":    strings.Repeat("\U0001F600", 2000),
		"escaped":  strings.Repeat(`\ud83d\ude00`, 2000),
	} {
		t.Run(name, func(t *testing.T) {
			c.send(`{"action":"timer_start","id":"` + name + `","user_id":"ann","started_at":"` + startedAt + `","comment":"` + comment + `"}`)
			seq++
			m := c.update(seq, name, realtime.Running)
			assert.Equal(t, 2000, utf8.RuneCountInString(m.Payload.Comment))
		})
	}
}

func TestClosedForAbuse(t *testing.T) {
	w := newWorld(t, server.Options{})
	for name, tc := range map[string]struct {
		kind websocket.MessageType
		data string
		code websocket.StatusCode
	}{
		"binary":    {websocket.MessageBinary, "{}", websocket.StatusUnsupportedData},
		"too-large": {websocket.MessageText, `{"id":"` + strings.Repeat("x", 33_000) + `"}`, websocket.StatusMessageTooBig},
		"not-utf-8": {websocket.MessageText, "{\"id\":\"\xff\"}", websocket.StatusInvalidFramePayloadData},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := w.connect("ann")
			require.NoError(t, c.ws.Write(t.Context(), tc.kind, []byte(tc.data)))
			assert.Equal(t, tc.code, c.closed())
		})
	}
}

func TestFlood(t *testing.T) {
	w := newWorld(t, server.Options{Limits: server.Limits{PerSecond: 0.001, Burst: 3}})
	c, _ := w.connect("ann")
	quiet, _ := w.connect("ann")
	for i := range 3 {
		c.action([]string{"timer_start", "timer_stop"}[i%2], "one")
		c.next()
	}
	c.action("timer_stop", "one")
	c.refused(realtime.CodeRateLimited)
	for range 100 { // one more could be refused by the network
		c.send("{}")
	}
	assert.Equal(t, websocket.StatusPolicyViolation, c.closed())
	for seq := range int64(3) {
		assert.Equal(t, seq+1, quiet.next().Payload.Seq)
	}
}

func TestTooManyConnections(t *testing.T) {
	w := newWorld(t, server.Options{Limits: server.Limits{Connections: 2}})
	first, _ := w.connect("ann")
	w.connect("ann")
	w.connect("bob")
	header := http.Header{"Authorization": {"Bearer " + tokenOf(t, "ann")}}
	_, res, err := websocket.Dial(t.Context(), w.http.URL+"/ws", &websocket.DialOptions{HTTPHeader: header})
	require.Error(t, err)
	assert.Equal(t, http.StatusTooManyRequests, res.StatusCode)
	assert.Equal(t, "10", res.Header.Get("Retry-After"))
	require.NoError(t, first.ws.Close(websocket.StatusNormalClosure, ""))
	require.Eventually(t, func() bool { return w.server.Connections() == 2 }, patience, time.Millisecond)
	w.connect("ann")
}

func TestStoreFails(t *testing.T) {
	store := &faultyStore{Store: memoryStore(t)}
	w := newWorld(t, server.Options{Store: store})
	sender, _ := w.connect("ann")
	other, _ := w.connect("ann")
	store.fail(errors.New("marked: disk full"))
	sender.action("timer_start", "lost")
	m := sender.refused(realtime.CodeUnavailable)
	assert.Equal(t, "lost", m.Payload.ID)
	assert.NotContains(t, m.Payload.Message, "marked")
	store.fail(nil)
	sender.action("timer_start", "kept")
	sender.update(1, "kept", realtime.Running)
	other.update(1, "kept", realtime.Running) // nothing of the lost one before it
}

// A commit whose answer was lost is broadcast once.
func TestStoreAnswerLost(t *testing.T) {
	store := &faultyStore{Store: memoryStore(t)}
	w := newWorld(t, server.Options{Store: store})
	sender, _ := w.connect("ann")
	other, _ := w.connect("ann")
	store.loseAnswer(errors.New("marked: timeout"))
	sender.action("timer_start", "one")
	sender.update(1, "one", realtime.Running)
	sender.action("timer_stop", "one")
	for _, c := range []*client{sender, other} {
		if c == other {
			c.update(1, "one", realtime.Running)
		}
		c.update(2, "one", realtime.Stopped)
	}
}

func TestTokenExpires(t *testing.T) {
	start := time.Now()
	clock := manualclock.New(start)
	w := newWorld(t, server.Options{Now: clock.Now})
	c, _ := w.connect("ann")
	clock.Set(start.Add(2 * time.Hour))
	w.server.Sweep()
	assert.Equal(t, fanout.CloseTokenExpired, c.closed())
}

func TestGraceful(t *testing.T) {
	store := memoryStore(t)
	w := newWorld(t, server.Options{Store: store})
	c, _ := w.connect("ann")
	c.action("timer_start", "one")
	c.update(1, "one", realtime.Running)
	done := make(chan error, 1)
	go func() { done <- w.server.Close(t.Context()) }()
	assert.Equal(t, websocket.StatusServiceRestart, c.closed())
	require.NoError(t, <-done)
	assert.Zero(t, w.server.Connections())
	_, res, err := websocket.Dial(t.Context(), w.http.URL+"/ws", &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + tokenOf(t, "ann")}}})
	require.Error(t, err)
	assert.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
	state, err := store.Load(t.Context(), "ann")
	require.NoError(t, err)
	assert.Equal(t, w.epoch+1, state.Seq)
}

// While clients write, the server closes: every change that a client got is stored, every
// stored change was sent, and each client is asked to reconnect.
func TestCloseLosesNothing(t *testing.T) {
	w := newWorld(t, server.Options{Limits: server.Limits{PerSecond: 1e6}})
	writer, _ := w.connect("ann")
	reader, _ := w.connect("ann")
	// The writer is never so far ahead that the reader counts as slow.
	ahead, read := make(chan struct{}, 64), make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() {
		for n := 0; ; n++ {
			select {
			case ahead <- struct{}{}:
			case <-read:
				return
			}
			text := fmt.Sprintf(`{"action":%q,"id":"one","user_id":"ann","started_at":%q}`, []string{"timer_start", "timer_stop"}[n%2], startedAt)
			if writer.ws.Write(context.Background(), websocket.MessageText, []byte(text)) != nil {
				return
			}
		}
	})
	writing.Go(func() { _ = writer.closed() })
	closed := make(chan error, 1)
	last := int64(0)
	for {
		m, err := reader.read()
		if err != nil {
			assert.Equal(t, websocket.StatusServiceRestart, websocket.CloseStatus(err))
			break
		}
		last++
		assert.Equal(t, last, m.Payload.Seq)
		<-ahead
		if last == 100 {
			go func() { closed <- w.server.Close(context.Background()) }()
		}
	}
	close(read)
	require.GreaterOrEqual(t, last, int64(100))
	require.NoError(t, <-closed)
	writing.Wait()
	state, err := w.store.Load(t.Context(), "ann")
	require.NoError(t, err)
	assert.Equal(t, w.epoch+last, state.Seq)
}

func TestTooManyTimers(t *testing.T) {
	w := newWorld(t, server.Options{Limits: server.Limits{PerSecond: 1e6}})
	c, _ := w.connect("ann")
	id := func(n int) string { return "timer-" + string(rune('a'+n/26)) + string(rune('a'+n%26)) }
	for n := range realtime.MaxTimers {
		c.action("timer_start", id(n))
		c.update(int64(n+1), id(n), realtime.Running)
	}
	c.action("timer_start", "one-more")
	c.refused(realtime.CodeTooMany)
	c.action("timer_stop", id(3))
	c.update(realtime.MaxTimers+1, id(3), realtime.Stopped)
	c.action("timer_start", "one-more")
	c.update(realtime.MaxTimers+2, "one-more", realtime.Running)
	_, state := w.connect("ann")
	assert.Len(t, state.Payload.Timers, realtime.MaxTimers)
	stored, err := w.store.Load(t.Context(), "ann")
	require.NoError(t, err)
	assert.ElementsMatch(t, state.Payload.Timers, stored.Timers)
}

func readAll(t testing.TB, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(io.LimitReader(r, 1<<20))
	require.NoError(t, err)
	return string(b)
}
