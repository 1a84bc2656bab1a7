package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/manualclock"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/auth/accesstoken"
	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/fanout"
	"github.com/clockwork-timer/backend/pkg/realtime/server"
	"github.com/clockwork-timer/backend/pkg/team"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/web"
)

// teamOptions are those of a server that shows the team by rules.
func (u *upstream) teamOptions(rules team.Rules) server.Options {
	o := newAnnouncer().options()
	o.VerifyPersonal = func(_ *http.Request, token string) (auth.Caller, error) {
		scope := accesstoken.Scope(strings.TrimPrefix(token, "cwk_"))
		return auth.Caller{Known: true, UserID: "vera", AccountID: "vera", Admin: scope == accesstoken.Admin, PersonalToken: "id", Scope: scope}, nil
	}
	o.Clockwork, o.Team = u.options(), &team.Team{Cache: u.cache, Redis: u.redis, Rules: rules}
	o.Viewer = func(who auth.Caller) (team.Viewer, *web.Error) {
		viewer := team.Viewer{AccountID: who.AccountID, Admin: who.Admin}
		if rules.Allow(viewer) != nil {
			return viewer, &web.Error{Status: http.StatusForbidden, Code: "FORBIDDEN", Message: "Not yours to see."}
		}
		return viewer, nil
	}
	return o
}

func (u *upstream) choose(account string, choice team.Choice) {
	u.t.Helper()
	require.NoError(u.t, (&team.Team{Cache: u.cache, Redis: u.redis}).Choose(context.Background(), account, choice))
}

// runs is a timer of somebody with a name, a comment, and an issue with a summary.
func runs(account, issue string) timer.Timer {
	t := clockworkTimer(account, issue)
	t.Comment, t.Issue.Summary, t.Author.DisplayName = new("comment-of-"+account), "summary-of-"+account, strings.ToUpper(account)
	return t
}

// token is one of a role: admin, member, or a personal token's scope.
func (w *world) token(role string) string {
	if scope, personal := strings.CutPrefix(role, "personal-"); personal {
		return "cwk_" + scope
	}
	c := claims("vera")
	c.AccountID = "vera"
	if role == auth.RoleAdmin {
		c.Role = auth.RoleAdmin
	}
	return signed(w.t, c)
}

// viewer is a client that is shown the team, over either channel.
type viewer struct {
	t      testing.TB
	ws     *websocket.Conn
	stream *stream
}

var teamChannels = []string{"/ws", "/api/timers/stream"}

func (w *world) watch(channel, token string) *viewer {
	w.t.Helper()
	if channel == "/ws" {
		return &viewer{t: w.t, ws: w.dialWith("vera", "?scope=team", bearer(token)).ws}
	}
	return &viewer{t: w.t, stream: w.streamOf("?scope=team", bearer(token))}
}

// refusal is the status that keeps a client out, and its code.
func (w *world) refusal(channel, query, token string) string {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.http.URL+channel+query, nil)
	require.NoError(w.t, err)
	for name, value := range map[string]string{"Authorization": "Bearer " + token, "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="} {
		r.Header.Set(name, value)
	}
	res, err := w.http.Client().Do(r)
	require.NoError(w.t, err)
	defer res.Body.Close()
	if res.StatusCode < 400 {
		return ""
	}
	var body struct{ Error string }
	require.NoError(w.t, json.Unmarshal([]byte(readAll(w.t, res.Body)), &body))
	return fmt.Sprint(res.StatusCode, " ", body.Error)
}

// text is the next message.
func (v *viewer) text() string {
	v.t.Helper()
	if v.stream != nil {
		lines := v.stream.next()
		require.Len(v.t, lines, 1, "without an id: what a viewer has missed is in the next team_state")
		return strings.TrimPrefix(lines[0], "data: ")
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, text, err := v.ws.Read(ctx)
	require.NoError(v.t, err)
	return string(text)
}

type teamMessage struct {
	Event   string
	Payload struct {
		realtime.Freshness
		Seq     int64
		Members []struct {
			AccountID, DisplayName string
			Status                 team.Status
			Timers                 []timer.Timer
		}
		Removed      []string
		AsOf         *time.Time
		TeamSyncedAt *time.Time `json:"syncedAt"`
	}
}

func (v *viewer) next() (m teamMessage) {
	v.t.Helper()
	require.NoError(v.t, json.Unmarshal([]byte(v.text()), &m))
	return m
}

// statuses says who does what, in order.
func (m teamMessage) statuses() (all []string) {
	for _, one := range m.Payload.Members {
		all = append(all, one.AccountID+" "+string(one.Status))
	}
	return all
}

// Each viewer is shown the team, then each change, in numbered messages. Who stops
// stays, idle, and whoever comes later is shown the same.
func TestTeam(t *testing.T) {
	u := newUpstream(t)
	u.sync(runs("ann", "ABC-1"), runs("bob", "ABC-2"))
	w := newWorld(t, u.teamOptions(team.Rules{View: team.All}))
	u.listening(1)
	for _, channel := range teamChannels {
		v := w.watch(channel, w.token("member"))
		state := v.next()
		assert.Equal(t, "team_state", state.Event)
		assert.ElementsMatch(t, []string{"ann working", "bob working"}, state.statuses())
		require.NotNil(t, state.Payload.TeamSyncedAt)
		assert.WithinDuration(t, time.Now(), *state.Payload.AsOf, time.Minute)

		u.stopped("ann", "ABC-1")
		change := v.next()
		assert.Equal(t, "team", change.Event)
		assert.Equal(t, state.Payload.Seq+1, change.Payload.Seq)
		assert.Equal(t, []string{"ann idle"}, change.statuses())
		assert.Equal(t, "ANN", change.Payload.Members[0].DisplayName)
		assert.Empty(t, change.Payload.Removed)
		assert.False(t, change.Payload.AsOf.Before(*state.Payload.AsOf))

		again := w.watch(channel, w.token("member")).next()
		assert.Equal(t, change.Payload.Seq, again.Payload.Seq, "the next change continues this one")
		assert.Equal(t, []string{"bob working", "ann idle"}, again.statuses())
		u.started("ann", "ABC-1")
		assert.Equal(t, []string{"ann working"}, v.next().statuses())
	}
}

// Who may see what, on both channels: in what comes on connect, and in a change.
func TestTeamPermissions(t *testing.T) {
	const everything = "full comment summary"
	roles := []string{"admin", "member", "personal-admin", "personal-read"}
	for name, tc := range map[string]struct {
		rules  team.Rules
		choice team.Choice
		want   []string // of each role; "" is refused
	}{
		"off":              {team.Rules{View: team.Off}, team.Full, []string{"", "", "", ""}},
		"unset":            {team.Rules{}, team.Full, []string{everything, "", everything, ""}},
		"admins":           {team.Rules{View: team.Admins}, team.Full, []string{everything, "", everything, ""}},
		"all":              {team.Rules{View: team.All}, team.Full, []string{everything, everything, everything, everything}},
		"without-comments": {team.Rules{View: team.All, HideComments: true}, team.Full, []string{everything, "full summary", everything, "full summary"}},
		"without-issues":   {team.Rules{View: team.All, HideIssues: true}, team.Full, []string{everything, "status", everything, "status"}},
		"status":           {team.Rules{View: team.All}, team.StatusOnly, []string{"status", "status", "status", "status"}},
		"hidden":           {team.Rules{View: team.All}, team.Hidden, []string{"nothing", "nothing", "nothing", "nothing"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newUpstream(t)
			u.sync(runs("ann", "ABC-1"), runs("vera", "ABC-9"))
			u.choose("ann", tc.choice)
			u.choose("vera", tc.choice)
			w := newWorld(t, u.teamOptions(tc.rules))
			u.listening(1)
			watching := map[*viewer]string{}
			for i, role := range roles {
				for _, channel := range teamChannels {
					if tc.want[i] == "" {
						assert.Equal(t, "403 FORBIDDEN", w.refusal(channel, "?scope=team", w.token(role)), "%s, %s", role, channel)
						continue
					}
					v := w.watch(channel, w.token(role))
					state := v.text()
					for _, account := range []string{"ann", "vera"} { // who looks sees no more of themselves
						assertShown(t, account, tc.want[i], state)
					}
					watching[v] = tc.want[i]
				}
			}
			u.started("bob", "ABC-2") // a member who hides nothing, so that there is a change
			u.stopped("ann", "ABC-1")
			for v, want := range watching {
				change := ""
				for want != "nothing" && !strings.Contains(change, `"ann"`) || !strings.Contains(change, `"bob"`) {
					change += v.text()
				}
				if want == "nothing" {
					assert.NotContains(t, change, "ann")
				} else {
					assert.Contains(t, change, `"status":"idle"`)
				}
				if want == "status" {
					assert.NotContains(t, change, "summary-of-ann")
				}
			}
		})
	}
}

// assertShown asserts how much of an account a message shows.
func assertShown(t *testing.T, account, want, text string) {
	t.Helper()
	assert.Equal(t, want != "nothing", strings.Contains(text, `"accountId":"`+account+`"`), "%s in %s", account, text)
	for _, mark := range []string{"comment", "summary"} {
		assert.Equal(t, strings.Contains(want, mark), strings.Contains(text, mark+"-of-"+account), "%s of %s in %s", mark, account, text)
	}
	assert.Equal(t, strings.Contains(want, "full"), strings.Contains(text, map[string]string{"ann": "ABC-1", "vera": "ABC-9"}[account]), "the issue of %s in %s", account, text)
}

// Whoever hides is gone from every open connection within two seconds, and back when
// they want to be.
func TestTeamHide(t *testing.T) {
	u := newUpstream(t)
	u.sync(runs("ann", "ABC-1"), runs("bob", "ABC-2"))
	w := newWorld(t, u.teamOptions(team.Rules{View: team.All}))
	u.listening(1)
	var all []*viewer
	for _, channel := range teamChannels {
		for _, role := range []string{"admin", "member"} {
			v := w.watch(channel, w.token(role))
			v.text()
			all = append(all, v)
		}
	}
	began := time.Now()
	u.choose("ann", team.Hidden)
	for _, v := range all {
		m := v.next()
		assert.Equal(t, []string{"ann"}, m.Payload.Removed)
		assert.Empty(t, m.Payload.Members)
	}
	assert.Less(t, time.Since(began), 2*time.Second)
	assert.NotContains(t, w.watch("/ws", w.token("admin")).text(), "ann")
	u.stopped("ann", "ABC-1") // of which nobody is shown anything
	u.choose("ann", team.StatusOnly)
	for _, v := range all {
		m := v.next()
		assert.Equal(t, []string{"ann idle"}, m.statuses())
		assert.Empty(t, m.Payload.Removed)
	}
}

// However much changes, a viewer gets a message every half second at most. The first
// change is not delayed, and the last one is not lost.
func TestTeamCoalesces(t *testing.T) {
	u := newUpstream(t)
	w := newWorld(t, u.teamOptions(team.Rules{View: team.All}))
	u.listening(1)
	v := w.watch("/ws", w.token("member"))
	v.text()
	const people = 40
	began := time.Now()
	for n := range people {
		u.started(fmt.Sprint("person-", n), "ABC-1")
	}
	seen, messages := map[string]bool{}, 0
	for ; len(seen) < people; messages++ {
		for _, status := range v.next().statuses() {
			seen[status] = true
		}
	}
	assert.LessOrEqual(t, messages, 2+int(time.Since(began)/(500*time.Millisecond)))
}

// What happened while a viewer was away is in the next team_state, or follows it, whatever
// it says that it has seen. What happened while the server heard nothing is sent when it hears again.
func TestTeamMissed(t *testing.T) {
	u := newUpstream(t)
	w := newWorld(t, u.teamOptions(team.Rules{View: team.All}))
	u.listening(1)
	v := w.watch("/ws", w.token("member"))
	require.Empty(t, v.next().statuses())
	require.NoError(t, v.ws.CloseNow())
	u.started("ann", "ABC-1")
	back := w.dialWith("vera", "?scope=team&since=0", bearer(w.token("member")))
	v = &viewer{t: t, ws: back.ws}
	m := v.next()
	require.Equal(t, "team_state", m.Event)
	for !slices.Contains(m.statuses(), "ann working") {
		m = v.next()
	}

	u.mini.Close()
	require.NoError(t, u.mini.Restart())
	u.mini.HDel("clockwork:timers:all", "ann") // unheard
	u.listening(2)
	for m = v.next(); !slices.Contains(m.Payload.Removed, "ann"); m = v.next() {
		assert.Equal(t, "freshness", m.Event)
	}
}

// Two servers on one Redis show each other's changes.
func TestTeamOfTwoInstances(t *testing.T) {
	u := newUpstream(t)
	one, two := newWorld(t, u.teamOptions(team.Rules{View: team.All})), newWorld(t, u.teamOptions(team.Rules{View: team.All}))
	u.listening(2)
	var all []*viewer
	for _, w := range []*world{one, two} {
		v := w.watch("/ws", w.token("member"))
		v.text()
		all = append(all, v)
	}
	starter := one.dialAccount("ann", "a-clockwork-token")
	starter.next()
	starter.send(fmt.Sprintf(`{"action":"timer_start","id":"mine","user_id":"ann","issue_key":"ABC-1","started_at":%q}`, startedAt))
	for _, v := range all {
		assert.Equal(t, []string{"ann working"}, v.next().statuses())
	}
}

// A viewer is told how old Clockwork's data is, as everybody is.
func TestTeamStale(t *testing.T) {
	u := newUpstream(t)
	clock := manualclock.New(time.Now().UTC().Truncate(time.Millisecond))
	u.cache = timercache.New(u.redis, "", clock.Now)
	o := u.teamOptions(team.Rules{View: team.All})
	o.Now = clock.Now
	w := newWorld(t, o)
	u.listening(1)
	clock.Advance(time.Second)
	u.syncAt(clock.Now(), runs("ann", "ABC-1"))
	v := w.watch("/ws", w.token("member"))
	assert.False(t, v.next().Payload.Stale)
	for _, stale := range []bool{true, false} {
		clock.Advance(11 * time.Minute)
		if !stale {
			w.watch("/ws", w.token("member")).next() // so that the team has been read a moment before the sync
			u.syncAt(clock.Now(), runs("ann", "ABC-1"))
		}
		w.server.Sweep()
		m := v.next()
		for m.Event == "team" {
			m = v.next()
		}
		assert.Equal(t, "freshness", m.Event)
		assert.Equal(t, stale, m.Payload.Stale)
		assert.Equal(t, stale, w.watch("/ws", w.token("member")).next().Payload.Stale)
	}
}

// A connection that shows the team is not for writing, is counted with the user's others,
// and ends with their session or their rights.
func TestTeamConnection(t *testing.T) {
	u := newUpstream(t)
	o := u.teamOptions(team.Rules{View: team.Admins})
	o.Limits.Connections = 2
	ended := newAnnouncer()
	o.Ended = ended.options().Ended
	w := newWorld(t, o)
	admin := claims("vera")
	admin.AccountID, admin.Role, admin.SessionID = "vera", auth.RoleAdmin, "one"
	c := w.dialWith("vera", "?scope=team", bearer(signed(t, admin)))
	c.next()
	c.action("timer_start", "a")
	c.refused(realtime.CodeForbidden)
	c.send(`{"action":"renew","token":"` + signed(t, admin) + `"}`)
	assert.Equal(t, "renewed", c.next().Event)

	w.dialWith("vera", "", bearer(signed(t, admin))).next()
	assert.Equal(t, "429 TOO_MANY_CONNECTIONS", w.refusal("/ws", "?scope=team", signed(t, admin)))
	assert.Equal(t, "400 BAD_REQUEST", w.refusal("/ws", "?scope=everything", signed(t, admin)))

	member := claims("vera")
	member.AccountID = "vera"
	c.send(`{"action":"renew","token":"` + signed(t, member) + `"}`)
	assert.Equal(t, fanout.CloseTokenExpired, c.closed(), "no admin any more")

	require.Eventually(t, func() bool { return w.server.Connections() == 1 }, patience, time.Millisecond)
	stream := w.watch("/api/timers/stream", signed(t, admin)).stream
	stream.next()
	ended.ended <- []string{"one"}
	assert.Equal(t, []string{"event: close", "data: 4401 session ended: log in again"}, stream.next())
}

// While the cache does not answer, nobody is shown an empty team.
func TestTeamUnavailable(t *testing.T) {
	u := newUpstream(t)
	u.sync(runs("ann", "ABC-1"))
	w := newWorld(t, u.teamOptions(team.Rules{View: team.All}))
	u.listening(1)
	v := w.watch("/ws", w.token("member"))
	v.text()
	u.mini.SetError("LOADING")
	require.Eventually(t, func() bool { return w.refusal("/ws", "?scope=team", w.token("member")) == "503 STORE_UNAVAILABLE" }, patience, 10*time.Millisecond)
	u.mini.SetError("")
	u.started("bob", "ABC-2")
	assert.Equal(t, []string{"bob working"}, v.next().statuses())
}

func TestNoTeam(t *testing.T) {
	w := newWorld(t, server.Options{})
	assert.Equal(t, "403 TEAM_VIEW_OFF", w.refusal("/ws", "?scope=team", w.token("admin")))
}
