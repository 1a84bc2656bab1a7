package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/config"
)

// startWorld serves a world as run does.
func startWorld(t *testing.T) *world {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	w, err := newWorld("http://"+server.Listener.Addr().String(), "", nil, io.Discard)
	require.NoError(t, err)
	t.Cleanup(w.close)
	server.Config.Handler = w.handler()
	server.Start()
	t.Cleanup(server.Close)
	syncer, err := w.deps.Syncer()
	require.NoError(t, err)
	_, err = syncer.Run(t.Context())
	require.NoError(t, err)
	return w
}

// Everybody on the start screen can log in with the password that it shows, and sees
// their own timers.
func TestUsersCanLogIn(t *testing.T) {
	w := startWorld(t)
	assert.Equal(t, config.AuthOpen, w.deps.Config.Auth.Mode)
	var screen bytes.Buffer
	w.startScreen(&screen)
	running := map[string]int{}
	for _, timer := range w.upstreams.RunningTimers() {
		running[timer.RunningFor]++
	}
	response, err := http.Get(w.base + "/_sandbox/people")
	require.NoError(t, err)
	var listed struct {
		Password string
		People   []struct{ Username, DisplayName, AvatarURL string }
	}
	decode(t, response, &listed)
	require.Len(t, listed.People, len(w.upstreams.People()))
	for i, p := range w.upstreams.People() {
		username := listed.People[i].Username
		assert.Equal(t, p.DisplayName, listed.People[i].DisplayName)
		assert.Contains(t, screen.String(), username)
		response, err := http.Post(w.base+"/login", "application/json", strings.NewReader(`{"username":"`+username+`","password":"`+listed.Password+`","session":"cookie"}`))
		require.NoError(t, err)
		assert.Contains(t, strings.Join(response.Header.Values("Set-Cookie"), "\n"), "cw_session=", "a reload keeps the login")
		var login struct {
			AccessToken string `json:"access_token"`
			UserID      string `json:"user_id"`
		}
		decode(t, response, &login)
		assert.Equal(t, p.AccountID, login.UserID)

		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.base+"/timers", nil)
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer "+login.AccessToken)
		response, err = http.DefaultClient.Do(request)
		require.NoError(t, err)
		var state struct{ Timers []struct{ ID string } }
		decode(t, response, &state)
		assert.Len(t, state.Timers, running[p.AccountID], username)
	}
	assert.Contains(t, screen.String(), "linh, password clockwork; hannah is the administrator")
}

func decode(t *testing.T, response *http.Response, into any) {
	t.Helper()
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.NoError(t, json.NewDecoder(response.Body).Decode(into))
}

// A token that another run of dev signed is not valid.
func TestSecretIsMadeUpPerProcess(t *testing.T) {
	one, other := startWorld(t).variables["JWT_SECRET"], startWorld(t).variables["JWT_SECRET"]
	assert.NotEqual(t, one, other)
	assert.GreaterOrEqual(t, len(one), 32)
}
