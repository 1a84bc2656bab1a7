package sandbox

import (
	"cmp"
	"crypto/rsa"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

// Options are the options of New. The zero value is the seeded team on the real
// clock.
type Options struct {
	Clock func() time.Time // default time.Now; must not call the Sandbox
	Seed  uint64           // the same seed and clock give the same data and credentials
	Site  string           // host of the Jira site, default example.atlassian.net

	PageSize        int // timers per page of timers.json, default 50
	WorklogPageSize int // worklogs per answer, default 10,000

	SessionLifetime time.Duration // of the session cookie, default 30 days
}

func (o Options) withDefaults() Options {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	o.Site = cmp.Or(o.Site, "example.atlassian.net")
	o.PageSize = cmp.Or(o.PageSize, 50)
	o.WorklogPageSize = cmp.Or(o.WorklogPageSize, 10_000)
	o.SessionLifetime = cmp.Or(o.SessionLifetime, 30*24*time.Hour)
	return o
}

// Sandbox is one Jira site with Clockwork Pro installed, in memory. It is safe
// for concurrent use.
type Sandbox struct {
	opts   Options
	site   Site
	creds  Credentials
	faults fault.Injector

	sessionEnds time.Time

	// forgeKey makes the key when a process signs its first context token, because
	// that is slow.
	forgeKey func() *rsa.PrivateKey

	mu       sync.Mutex
	rng      *rand.Rand
	switches Switches

	people     []*Person
	byAccount  map[string]*Person
	tokenOf    map[string]secret.Text // account id → Clockwork token
	tokenOwner map[string]string      // Clockwork token → account id

	projects   map[string]Project // by key
	issues     []*Issue
	issueByKey map[string]*Issue // former keys of moved issues too
	issueByID  map[int64]*Issue

	timers   []*runningTimer // ascending id
	stopped  []*runningTimer // oldest first, the last few
	worklogs []*worklog
	lastID   int64
	odd      map[int64]Oddity // by id of a timer or worklog

	requests  map[string]int // by operation
	onRequest func(operation string)

	signIns signIns

	connectKey []byte // signs contextJwt; replaced when tokens are revoked
	forgeEpoch uint32 // part of each context token; raised when tokens are revoked
}

var processKey = sync.OnceValue(newForgeKey)

// New returns a sandbox with its seeded team.
func New(opts Options) *Sandbox {
	opts = opts.withDefaults()
	s := &Sandbox{
		opts:     opts,
		rng:      rand.New(rand.NewPCG(opts.Seed, 0x5ee9)),
		forgeKey: processKey,
		switches: Switches{MultipleTimers: true},

		byAccount: map[string]*Person{}, tokenOf: map[string]secret.Text{}, tokenOwner: map[string]string{},
		projects: map[string]Project{}, issueByKey: map[string]*Issue{}, issueByID: map[int64]*Issue{},
		requests: map[string]int{}, signIns: newSignIns(),
		lastID: 48_200,
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.connectKey = s.randomBytes(32)
	s.site = s.newSite()
	s.seedTeam()
	s.seedWorklogs()
	s.seedTimers()
	s.creds = s.newCredentials(s.people[0])
	return s
}

// Faults returns the injector that makes operations fail: see package fault. The
// upstreams are the operations' names before the dot, see Requests.
func (s *Sandbox) Faults() *fault.Injector { return &s.faults }

// now is truncated to milliseconds, the precision of every API here.
func (s *Sandbox) now() time.Time { return s.opts.Clock().UTC().Truncate(time.Millisecond) }

// nextID needs s.mu held.
func (s *Sandbox) nextID() int64 {
	s.lastID++
	return s.lastID
}
