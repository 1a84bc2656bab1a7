package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/server"
	"github.com/clockwork-timer/backend/pkg/realtime/sqlitestore"
)

func TestMain(m *testing.M) {
	if database := os.Getenv(instanceStore); database != "" {
		if err := serveInstance(database); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

const (
	signingKey = "a-signing-key-of-thirty-two-bytes"
	patience   = 30 * time.Second
)

// world is one instance of the server on a loopback port.
type world struct {
	t      testing.TB
	server *server.Server
	http   *httptest.Server
	store  realtime.Store
	epoch  int64 // of the store: the tests count from here
}

// epochOf gives the seq that users of a store start from.
func epochOf(t testing.TB, store realtime.Store) int64 {
	t.Helper()
	state, err := store.Load(context.Background(), "nobody")
	require.NoError(t, err)
	return state.Seq
}

func memoryStore(t testing.TB) realtime.Store {
	t.Helper()
	s, err := sqlitestore.Open(context.Background(), "sqlite://:memory:", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

func newWorld(t testing.TB, o server.Options) *world {
	t.Helper()
	if o.Store == nil {
		o.Store = memoryStore(t)
	}
	o.Verify = auth.Verifier{Secrets: []string{signingKey}, Now: time.Now}.Verify
	running, err := server.New(o)
	require.NoError(t, err)
	mux := http.NewServeMux()
	running.Register(func(path string, handler http.HandlerFunc) { mux.Handle(path, handler) })
	w := &world{t: t, server: running, http: httptest.NewServer(mux), store: o.Store, epoch: epochOf(t, o.Store)}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		assert.NoError(t, running.Close(ctx))
		w.http.Close()
	})
	return w
}

// claims are those of a valid token.
func claims(user string) *auth.Claims {
	return &auth.Claims{RegisteredClaims: jwt.RegisteredClaims{
		Subject: user, Issuer: auth.Issuer, Audience: jwt.ClaimStrings{auth.Audience},
		IssuedAt: jwt.NewNumericDate(time.Now().Add(-time.Minute)), ExpiresAt: jwt.NewNumericDate(time.Now().Add(time.Hour)),
	}}
}

func sign(t testing.TB, method jwt.SigningMethod, key any, c *auth.Claims) string {
	t.Helper()
	token, err := jwt.NewWithClaims(method, c).SignedString(key)
	require.NoError(t, err)
	return token
}

func signed(t testing.TB, c *auth.Claims) string {
	return sign(t, jwt.SigningMethodHS256, []byte(signingKey), c)
}

func tokenOf(t testing.TB, user string) string {
	return signed(t, claims(user))
}

// message is any message of the server.
type message struct {
	Event   string
	Payload struct {
		realtime.Timer
		realtime.Freshness
		Timers    []realtime.Timer
		Code      string
		Message   string
		ExpiresAt time.Time `json:"expires_at"`
	}
}

// client is one WebSocket client.
type client struct {
	t    testing.TB
	user string
	ws   *websocket.Conn
	w    *world // whose epoch is subtracted from each seq
}

// since is the query for what came after the store's nth change.
func (w *world) since(n int64) string { return fmt.Sprintf("?since=%d", w.epoch+n) }

func (w *world) dial(user, query string) *client {
	w.t.Helper()
	return w.dialWith(user, query, http.Header{"Authorization": {"Bearer " + tokenOf(w.t, user)}})
}

func (w *world) dialWith(user, query string, header http.Header) *client {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, w.http.URL+"/ws"+query, &websocket.DialOptions{HTTPHeader: header, Subprotocols: header["Subprotocols"]})
	require.NoError(w.t, err)
	ws.SetReadLimit(1 << 20)
	w.t.Cleanup(func() { _ = ws.CloseNow() })
	return &client{w.t, user, ws, w}
}

// connect dials and reads the state.
func (w *world) connect(user string) (*client, message) {
	w.t.Helper()
	c := w.dial(user, "")
	state := c.next()
	require.Equal(w.t, "state", state.Event)
	return c, state
}

func (c *client) send(text string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(c.t, c.ws.Write(ctx, websocket.MessageText, []byte(text)))
}

const startedAt = "2026-05-04T09:00:00Z"

func (c *client) action(action, id string) {
	c.t.Helper()
	c.send(fmt.Sprintf(`{"action":%q,"id":%q,"user_id":%q,"started_at":%q}`, action, id, c.user, startedAt))
}

func (c *client) next() message {
	c.t.Helper()
	m, err := c.read()
	require.NoError(c.t, err)
	return m
}

func (c *client) read() (m message, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, text, err := c.ws.Read(ctx)
	if err != nil {
		return m, err
	}
	err = json.Unmarshal(text, &m)
	if m.Payload.Seq >= c.w.epoch {
		m.Payload.Seq -= c.w.epoch
	}
	return m, err
}

// update reads the next message, which must be a change.
func (c *client) update(seq int64, id string, status realtime.Status) message {
	c.t.Helper()
	m := c.next()
	require.Equal(c.t, "timer_updated", m.Event, "%+v", m.Payload)
	assert.Equal(c.t, seq, m.Payload.Seq, "seq")
	assert.Equal(c.t, id, m.Payload.ID, "id")
	assert.Equal(c.t, status, m.Payload.Status, "status")
	return m
}

// refused reads the next message, which must be a refusal.
func (c *client) refused(code string) message {
	c.t.Helper()
	m := c.next()
	require.Equal(c.t, "error", m.Event, "%+v", m)
	assert.Equal(c.t, code, m.Payload.Code)
	assert.NotEmpty(c.t, m.Payload.Message)
	return m
}

// closed reads until the connection ends, and gives the close code.
func (c *client) closed() websocket.StatusCode {
	c.t.Helper()
	for {
		if _, err := c.read(); err != nil {
			return websocket.CloseStatus(err)
		}
	}
}

// faultyStore fails on demand.
type faultyStore struct {
	realtime.Store
	mu    sync.Mutex
	fault error
	lost  error // after the next commit, which is made
}

func (s *faultyStore) loseAnswer(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost = err
}

func (s *faultyStore) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = err
}

func (s *faultyStore) failing() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fault
}

func (s *faultyStore) Commit(ctx context.Context, changes []realtime.Change) ([]bool, error) {
	if err := s.failing(); err != nil {
		return nil, err
	}
	made, err := s.Store.Commit(ctx, changes)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lost != nil {
		made, err, s.lost = nil, s.lost, nil
	}
	return made, err
}
