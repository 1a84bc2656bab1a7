package upstashrest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
	"github.com/redis/go-redis/v9"

	"github.com/clockwork-timer/backend/pkg/secret"
)

// Options are the options of New.
type Options struct {
	// Addr is the host:port of a running Redis; empty starts a miniredis that
	// the Server owns.
	Addr string
	// Token is the REST token that requests must carry. Required.
	Token secret.Text
	// Clock sets the miniredis's time at each request. nil is the real time, also for
	// clients over TCP.
	Clock func() time.Time
}

// Server is the stand-in. It is an http.Handler and may be mounted under a
// prefix with http.StripPrefix.
type Server struct {
	token secret.Text
	clock func() time.Time
	addr  string
	mini  *miniredis.Miniredis
	// miniServer is mini's server. It is kept here because mini drops it when it
	// closes.
	miniServer *server.Server
	rdb        *redis.Client
	// ctx is cancelled when the server closes, and ends the streams.
	ctx    context.Context
	cancel context.CancelFunc

	setup      atomic.Int64 // set-up commands of connections, see Usage
	base       int64        // commands that a real Redis had run before New
	roundTrips atomic.Int64
	bytesIn    atomic.Int64
	bytesOut   atomic.Int64
	syncTokens atomic.Int64
}

// New starts a stand-in. It fails if the Redis at Addr does not answer.
func New(o Options) (*Server, error) {
	if o.Token.IsZero() {
		return nil, errors.New("upstashrest needs a token")
	}
	s := &Server{token: o.Token, clock: o.Clock, addr: o.Addr}
	if o.Addr == "" {
		mini, err := miniredis.Run()
		if err != nil {
			return nil, fmt.Errorf("start miniredis: %w", err)
		}
		s.mini, s.miniServer, s.addr = mini, mini.Server(), mini.Addr()
		s.tick()
		mini.ClockTTL(true)
		s.miniServer.SetPreHook(s.countSetup)
	}
	s.rdb = redis.NewClient(&redis.Options{
		Addr: s.addr, Protocol: 2, DisableIdentity: true, MaxRetries: -1, DialerRetries: 1, PipelinePoolSize: -1,
	})
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if s.mini == nil {
		ran, err := s.commandsRun(s.ctx)
		if err != nil {
			s.Close()
			return nil, fmt.Errorf("ask the Redis at %s: %w", s.addr, err)
		}
		s.base = ran
	}
	return s, nil
}

// Close ends the streams and stops the miniredis, if it is the server's own.
func (s *Server) Close() {
	s.cancel()
	_ = s.rdb.Close() // nothing is written through it any more
	if s.mini != nil {
		s.mini.Close()
	}
}

// Addr is the host:port of the Redis behind the stand-in, for a REDIS_URL.
func (s *Server) Addr() string { return s.addr }

// Miniredis is the embedded Redis, or nil if Addr was given.
func (s *Server) Miniredis() *miniredis.Miniredis { return s.mini }

func (s *Server) tick() {
	if s.clock != nil && s.mini != nil {
		s.mini.SetTime(s.clock())
	}
}

// ServeHTTP answers one request of the REST API.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.roundTrips.Add(1)
	w = &countingWriter{ResponseWriter: w, n: &s.bytesOut}
	switch r.Method {
	case http.MethodHead, http.MethodGet, http.MethodPost, http.MethodPut:
	default:
		w.Header().Set("Allow", "HEAD, GET, POST, PUT")
		writeItem(w, http.StatusMethodNotAllowed, item{Error: "ERR method not allowed"})
		return
	}
	if !s.authorized(r) {
		writeItem(w, http.StatusUnauthorized, item{Error: "WRONGPASS invalid or missing auth token"})
		return
	}
	s.tick()
	w.Header().Set("Upstash-Sync-Token", fmt.Sprintf("stand-in-%d", s.syncTokens.Add(1)))
	s.route(w, r)
}
