package apptest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/pkg/apptest/golden"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

// Scenario is one row of a route's table: the state, the request, and the expected
// answer.
type Scenario struct {
	Name    string // kebab-case
	Options Options
	Given   Given // may be nil
	Request Request

	Status int
	Code   string            // of an error
	Field  string            // of an error
	Header map[string]string // of the answer
	Has    []string          // texts in the body
	HasNot []string          // texts that must not be there
	Golden bool              // compare the body with testdata/{NAME of the test}-{Name}.json
	Then   func(t *testing.T, w *World, a Answer)
}

// Given prepares a scenario's world, and may change its request.
type Given func(t *testing.T, w *World, r *Request)

// And returns a Given that runs all of them, one after the other.
func And(all ...Given) Given {
	return func(t *testing.T, w *World, r *Request) {
		for _, one := range all {
			one(t, w, r)
		}
	}
}

// Both returns a function that calls all of them, one after the other.
func Both(all ...func(*testing.T, *World, Answer)) func(*testing.T, *World, Answer) {
	return func(t *testing.T, w *World, a Answer) {
		t.Helper()
		for _, one := range all {
			one(t, w, a)
		}
	}
}

// Broken returns a Given that makes an upstream fail.
func Broken(f fault.Fault) Given {
	return func(_ *testing.T, w *World, _ *Request) { w.Faults().Add(f) }
}

// Run runs each scenario in a world of its own, in parallel.
func Run(t *testing.T, handler http.HandlerFunc, scenarios []Scenario) {
	prefix := strings.ToLower(strings.TrimPrefix(t.Name(), "Test"))
	for _, s := range scenarios {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			w := New(t, s.Options)
			if s.Given != nil {
				s.Given(t, w, &s.Request)
			}
			a := w.Do(t.Context(), handler, s.Request)
			s.assert(t, w, a)
			if s.Golden {
				golden.JSON(t, prefix+"-"+s.Name+".json", a.Body)
			}
			if s.Then != nil {
				s.Then(t, w, a)
			}
		})
	}
}

func (s Scenario) assert(t *testing.T, w *World, a Answer) {
	t.Helper()
	assert.Equal(t, s.Status, a.Status, "%s", a.Body)
	assert.Equal(t, s.Code, a.Failure().Error)
	assert.Equal(t, s.Field, a.Failure().Field)
	for name, want := range s.Header {
		assert.Equal(t, want, a.Header.Get(name), name)
	}
	for _, text := range s.Has {
		assert.Contains(t, string(a.Body), text)
	}
	for _, text := range s.HasNot {
		assert.NotContains(t, string(a.Body), text)
	}
	a.AssertForm(t)
	w.AssertNoSecrets(t, string(a.Body))
}
