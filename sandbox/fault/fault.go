// Package fault makes an HTTP handler fail on request: refuse, hang, break the
// connection, or send a wrong answer. It is for tests and cmd/dev, and knows nothing
// about what the handler does.
package fault

import (
	"fmt"
	"strings"
	"time"
)

// Kind is a way to make a request fail.
type Kind string

// The kinds. All but Delay replace or change the answer.
const (
	Status        Kind = "status"      // answers with Fault.Status and Fault.Body
	Delay         Kind = "delay"       // waits Fault.Delay, then answers as usual
	Hang          Kind = "hang"        // never answers; ends when the client leaves or the fault is cleared
	Reset         Kind = "reset"       // TCP reset instead of an answer
	Truncated     Kind = "truncated"   // the usual answer's length, but half of its bytes
	MalformedJSON Kind = "malformed"   // the usual answer cut in half, complete as HTTP
	WrongTypes    Kind = "wrong-types" // the usual JSON with every value of another type
	Huge          Kind = "huge"        // 200 and Fault.Size bytes of JSON, streamed
	HTML          Kind = "html"        // 200 and a login page
)

var kinds = map[Kind]bool{
	Status: true, Delay: true, Hang: true, Reset: true, Truncated: true,
	MalformedJSON: true, WrongTypes: true, Huge: true, HTML: true,
}

// Fault says which requests fail, how many of them, and how. Upstream, Operation
// and Path select requests; an empty one selects all.
type Fault struct {
	Kind Kind `json:"kind"`

	Upstream  string `json:"upstream,omitempty"`  // as given to Injector.Wrap
	Operation string `json:"operation,omitempty"` // as given to Injector.Wrap
	Path      string `json:"path,omitempty"`      // prefix of the URL path below the mount point

	Skip  int `json:"skip,omitempty"`  // this many matching requests pass first
	Count int `json:"count,omitempty"` // then this many fail; 0 means until cleared

	// Delay is how long any kind of fault waits first.
	Delay time.Duration `json:"-"`
	// After passes the request to the handler first, so that only its answer is lost.
	After bool `json:"after,omitempty"`

	Status      int    `json:"status,omitempty"`      // default 500
	Body        string `json:"body,omitempty"`        // default: the status text as JSON
	ContentType string `json:"contentType,omitempty"` // default application/json
	RetryAfter  string `json:"retryAfter,omitempty"`  // header as is: seconds or an HTTP date
	Size        int64  `json:"size,omitempty"`        // bytes of Huge, default 50 MB
}

// Validate returns an error if the fault makes no sense.
func (f Fault) Validate() error {
	switch {
	case !kinds[f.Kind]:
		return fmt.Errorf("unknown fault kind %q", f.Kind)
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("status %d is not between 200 and 599", f.Status)
	case f.Count < 0 || f.Skip < 0 || f.Size < 0 || f.Delay < 0:
		return fmt.Errorf("count, skip, size and delay cannot be negative")
	case f.Kind == Delay && f.Delay == 0:
		return fmt.Errorf("a fault of kind delay needs a delay")
	}
	return nil
}

func (f Fault) matches(upstream, operation, path string) bool {
	return (f.Upstream == "" || f.Upstream == upstream) &&
		(f.Operation == "" || f.Operation == operation) &&
		strings.HasPrefix(path, f.Path)
}
