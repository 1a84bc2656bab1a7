package routes_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"golang.org/x/sync/errgroup"

	"github.com/clockwork-timer/backend/cmd/routes"
	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

// The fault matrix: every route × every dependency × every fault. matrix_test.go has
// the building blocks of a row. rows_test.go has the rows, with the expected answer
// of each cell; a cell without one fails. state_test.go checks what a cell leaves
// behind. Each cell's answer, log and Redis are searched for secrets
// (secrets_test.go), and its answer counts as seen for the document
// (document_test.go). unasked_test.go asserts that a route does not call a dependency
// that it has no row for.

// retryAfter is longer than this backend waits, so that it is passed on to the caller.
const retryAfter = "17"

// faults are the columns, in the order in which they are played: what waits longest
// comes first. "refused" means that nothing listens: see apptest.Refuse.
var faults = []struct {
	name string
	fault.Fault
}{
	{"hang", fault.Fault{Kind: fault.Hang}},
	{name: "refused"},
	{"reset", fault.Fault{Kind: fault.Reset}},
	{"slow", fault.Fault{Kind: fault.Delay, Delay: 100 * time.Millisecond}},
	{"400", fault.Fault{Kind: fault.Status, Status: 400}},
	{"401", fault.Fault{Kind: fault.Status, Status: 401}},
	{"403", fault.Fault{Kind: fault.Status, Status: 403}},
	{"404", fault.Fault{Kind: fault.Status, Status: 404}},
	{"409", fault.Fault{Kind: fault.Status, Status: 409}},
	{"422", fault.Fault{Kind: fault.Status, Status: 422}},
	{"429", fault.Fault{Kind: fault.Status, Status: 429, RetryAfter: retryAfter}},
	{"500", fault.Fault{Kind: fault.Status, Status: 500}},
	{"html", fault.Fault{Kind: fault.HTML}},
	{"half", fault.Fault{Kind: fault.Truncated}},
	{"wrong-types", fault.Fault{Kind: fault.WrongTypes}},
	{"malformed", fault.Fault{Kind: fault.MalformedJSON}},
	{"huge", fault.Fault{Kind: fault.Huge}},
}

// played is the result of a cell.
type played struct {
	world         *apptest.World
	answer        apptest.Answer
	took          time.Duration
	hits          int // requests that the fault changed; -1 if that is unknown
	before, after state
}

// playMatrix runs every cell in a world of its own, and returns the statuses and
// codes that were answered.
func playMatrix(t *testing.T) map[string]bool {
	seen := map[string]bool{}
	var busy sync.Mutex // only one cell at a time is prepared or checked, so that requests get their share of the CPU
	var light, heavy errgroup.Group
	light.SetLimit(96) // most cells wait
	heavy.SetLimit(1)
	for _, f := range faults {
		for _, row := range matrix() {
			group := &light
			if f.Kind == fault.Huge {
				group = &heavy
			}
			group.Go(func() error {
				t.Run(row.name()+"/"+f.name, func(t *testing.T) {
					p := played{world: prepared(t, &busy, row, deadlinesFor(f.Kind, row.dependency))}
					p.play(t, row, f.name, f.Fault)
					busy.Lock()
					defer busy.Unlock()
					p.assert(t, row, f.name)
					seen[answered(row.route, p.answer)] = true
				})
				return nil
			})
		}
	}
	_, _ = light.Wait(), heavy.Wait()
	return seen
}

func prepared(t *testing.T, busy *sync.Mutex, row row, d app.Deadlines) *apptest.World {
	busy.Lock()
	defer busy.Unlock()
	return row.world(t, d)
}

// inTime is how long a request may wait for an upstream that hangs.
const inTime = 8 * time.Second

// deadlinesFor returns short deadlines for a hanging dependency, so that the cell
// ends soon. All others are long, so that a busy machine makes no difference.
func deadlinesFor(kind fault.Kind, dependency string) app.Deadlines {
	if kind != fault.Hang {
		return app.Deadlines{}
	}
	d := app.Deadlines{Request: inTime}
	switch dependency {
	case "redis":
		d.Redis = 500 * time.Millisecond
	case "inngest":
		d.SendEvent = 300 * time.Millisecond
	case "clockwork", "connect", "forge":
		d.Check = 2 * time.Second
	case "jira":
		d.Names, d.Check = 500*time.Millisecond, 2*time.Second
	}
	return d
}

func (p *played) play(t *testing.T, row row, name string, f fault.Fault) {
	w := p.world
	request := row.request(w)
	p.before = stateOf(w)
	hits := func() int { return -1 }
	if name == "refused" {
		w.Refuse(serverOf(row.dependency))
	} else {
		f.Upstream = row.dependency
		if f.Kind == fault.Status {
			f.Body = quoting(w, row.dependency, request.Request)
		}
		hits = w.Faults().Add(f).Hits
	}
	began := time.Now()
	p.answer = w.Do(t.Context(), request.handler, request.Request)
	p.took, p.hits, p.after = time.Since(began), hits(), stateOf(w)
}

// serverOf returns the stand-in server that plays a dependency.
func serverOf(dependency string) string {
	if dependency == "connect" || dependency == "forge" {
		return "jira" // endpoints of the site
	}
	return dependency
}

// quoting returns the body of a refusal that repeats the credentials that were sent,
// and an e-mail address, in the error format of every upstream.
func quoting(w *apptest.World, dependency string, r apptest.Request) string {
	basic := base64.StdEncoding.EncodeToString([]byte(w.Env["ATLASSIAN_EMAIL"] + ":" + w.Env["ATLASSIAN_API_TOKEN"]))
	site := []string{w.Env["ATLASSIAN_API_TOKEN"], "Basic " + basic, w.Env["JIRA_TENANT_SESSION_TOKEN"]}
	credentials := map[string][]string{
		"clockwork": {w.Env["CLOCKWORK_API_TOKEN"], r.Header["X-Clockwork-Token"]}, "redis": {w.Env["UPSTASH_REDIS_REST_TOKEN"]},
		"jira": site, "connect": site, "forge": site, "inngest": {w.Env["INNGEST_EVENT_KEY"], w.Env["INNGEST_SIGNING_KEY"]},
	}[dependency]
	sentence := "not for " + w.Person(5).Email
	for _, credential := range credentials {
		sentence += " with " + credential + " " + url.QueryEscape(credential)
	}
	said, _ := json.Marshal(sentence)
	return fmt.Sprintf(`{"message":%[1]s,"errorMessages":[%[1]s],"error":%[1]s,"error_message":%[1]s,"errors":[{"message":%[1]s}]}`, said)
}

// accessToken is the only secret that an answer may have: a login's.
var accessToken = regexp.MustCompile(`"access_token":"[^"]*"`)

func (p played) assert(t *testing.T, row row, faultName string) {
	want, decided := row.want[faultName]
	if !assert.True(t, decided, "rows_test.go has no expectation for this cell") {
		return
	}
	assert.Equal(t, want.status, p.answer.Status, "%s", p.answer.Body)
	assert.Equal(t, want.code, p.answer.Failure().Error)
	assert.Equal(t, want.field, p.answer.Failure().Field)
	if want.has != "" {
		assert.Contains(t, string(p.answer.Body), want.has)
	}
	assert.NotZero(t, p.hits, "the route did not call the dependency: the row is wrong")
	assert.Less(t, p.took, inTime+12*time.Second, "two retries and their pauses take less")
	if faultName == "429" && want.status >= 400 && want.has == "" && want.code != "INNGEST_UNAVAILABLE" { // Inngest's SDK does not pass Retry-After on
		assert.Equal(t, retryAfter, p.answer.Header.Get("Retry-After"))
	} else {
		assert.Empty(t, p.answer.Header.Get("Retry-After"))
	}
	switch {
	case row.route != "/api/inngest": // its answers have the form of Inngest's protocol, and are shown in Inngest's dashboard
		p.answer.AssertForm(t)
	case row.dependency != "redis": // Redis has only masked addresses of people
		assert.NotContains(t, string(p.answer.Body), p.world.Person(5).Email)
	}
	search(t, p.world, accessToken.ReplaceAllString(string(p.answer.Body), ""), p.world.Secrets())
	assert.NotContains(t, p.world.Log.String(), "panic")
	p.assertWhole(t, row, faultName)
}

func handlerOf(path string) http.HandlerFunc {
	for _, route := range routes.All() {
		if route.Path == path {
			return route.Handler
		}
	}
	panic("no route " + path)
}
