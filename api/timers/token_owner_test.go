package timers_test

import (
	"context"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/api/timers"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/timercontrol"
)

// The sync after a start shows who owns the token.
func TestWhoseTokenASyncSees(t *testing.T) {
	const caller, colleague, issue = 5, 6, "BILL-209"
	claims := func(token, account int) func(*testing.T, *apptest.World) {
		return func(t *testing.T, w *apptest.World) { binds(token, account)(t, w, nil) }
	}
	starts := func(token int) func(*testing.T, *apptest.World) {
		return func(t *testing.T, w *apptest.World) {
			a := w.Do(t.Context(), timers.HandleStart, apptest.Request{Method: "POST", Target: start, Header: map[string]string{"X-Clockwork-Token": w.Token(token)},
				Body: `{"issueKey":"` + issue + `","accountId":"` + w.Person(caller).AccountID + `"}`})
			require.Equal(t, 201, a.Status, "%s", a.Body)
			shows(caller, issue, true)(t, w, a)
		}
	}
	elsewhere := func(account int) func(*testing.T, *apptest.World) {
		return func(t *testing.T, w *apptest.World) {
			_, err := w.Sandbox.StartTimer(w.Person(account).AccountID, issue, "")
			require.NoError(t, err)
		}
	}
	stops := func(account int) func(*testing.T, *apptest.World) {
		return func(t *testing.T, w *apptest.World) {
			_, err := w.Sandbox.StopTimer(w.Person(account).AccountID, issue)
			require.NoError(t, err)
		}
	}
	later := func(d time.Duration) func(*testing.T, *apptest.World) {
		return func(_ *testing.T, w *apptest.World) { w.Clock.Advance(d) }
	}
	syncs := func(t *testing.T, w *apptest.World) { w.Clock.Advance(time.Second); w.Sync(t) }
	type steps = []func(*testing.T, *apptest.World)
	const ofAnother = `{"event":"error","payload":{"code":"CLOCKWORK_TOKEN_OF_ANOTHER","message":"BILL-209 did not stay running in Clockwork: this token belongs to somebody else. Connect your own.","id":"cw:CALLER:BILL-209"}}`
	const unconfirmed = `{"event":"error","payload":{"code":"START_NOT_CONFIRMED","message":"BILL-209 did not stay running in Clockwork: somebody may have stopped it there. Start it again if it should run.","id":"cw:CALLER:BILL-209"}}`
	for name, tt := range map[string]struct {
		steps steps
		token int // the person whose token it is
		want  timercache.Binding
		says  []string
	}{
		"own-claimed":            {steps{claims(caller, caller), starts(caller)}, caller, timercache.Binding{Account: "CALLER", Seen: true}, nil},
		"own-unbound":            {steps{starts(caller)}, caller, timercache.Binding{Account: "CALLER", Seen: true}, nil},
		"a-colleagues-claimed":   {steps{claims(colleague, caller), starts(colleague)}, colleague, timercache.Binding{}, []string{ofAnother}},
		"a-colleagues-unbound":   {steps{starts(colleague)}, colleague, timercache.Binding{}, []string{ofAnother}},
		"again-after-it-is-said": {steps{claims(colleague, caller), starts(colleague), syncs, stops(colleague), starts(colleague)}, colleague, timercache.Binding{}, []string{ofAnother, ofAnother}},
		"the-owner-was-faster":   {steps{starts(colleague), claims(colleague, colleague)}, colleague, timercache.Binding{Account: "COLLEAGUE"}, []string{ofAnother}},
		"stopped-elsewhere":      {steps{claims(caller, caller), starts(caller), stops(caller)}, caller, timercache.Binding{Account: "CALLER"}, []string{unconfirmed}},
		"both-start":             {steps{claims(caller, caller), starts(caller), elsewhere(colleague)}, caller, timercache.Binding{Account: "CALLER"}, nil},
		"a-colleague-runs-since": {steps{elsewhere(colleague), later(3 * time.Second), syncs, later(time.Second), claims(caller, caller), starts(caller), stops(caller)}, caller, timercache.Binding{Account: "CALLER"}, []string{unconfirmed}},
		"seen-before":            {steps{claims(caller, caller), starts(caller), syncs, stops(caller), starts(caller), stops(caller)}, caller, timercache.Binding{Account: "CALLER", Seen: true}, nil},
		"what-runs-proves-nothing": {steps{claims(colleague, caller), elsewhere(caller), syncs, starts(colleague), stops(colleague)}, colleague,
			timercache.Binding{Account: "CALLER"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := apptest.New(t, apptest.Options{})
			ids := strings.NewReplacer("CALLER", w.Person(caller).AccountID, "COLLEAGUE", w.Person(colleague).AccountID)
			client := goredis.NewClient(&goredis.Options{Addr: w.Redis.Miniredis().Addr()})
			defer client.Close()
			events := client.Subscribe(t.Context(), timercache.EventsChannel(w.Person(caller).AccountID), "end")
			for range 2 {
				_, err := events.Receive(t.Context())
				require.NoError(t, err)
			}
			for _, step := range append(tt.steps, syncs, syncs) {
				step(t, w)
			}
			read := w.Deps.Control().Read(timercontrol.Request{Token: secret.New(w.Token(tt.token))})
			reply, err := w.Deps.Redis.Do(t.Context(), read.Command()...)
			known := read.Known(reply, err)
			tt.want.Account = ids.Replace(tt.want.Account)
			assert.Equal(t, tt.want, known.Owner)

			var want []string
			for _, event := range tt.says {
				want = append(want, ids.Replace(event))
			}
			require.NoError(t, client.Publish(t.Context(), "end", "").Err())
			assert.Equal(t, want, errorsUntilEnd(t, events))
		})
	}
}

// errorsUntilEnd are the error events that were published.
func errorsUntilEnd(t *testing.T, events *goredis.PubSub) (errors []string) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		m, err := events.ReceiveMessage(ctx)
		require.NoError(t, err)
		if m.Channel == "end" {
			return errors
		}
		all, err := timercache.Events(m.Payload)
		require.NoError(t, err)
		for _, event := range all {
			if strings.Contains(string(event), `"event":"error"`) {
				errors = append(errors, string(event))
			}
		}
	}
}
