package main

import (
	"bytes"
	"fmt"
	"strconv"
	"sync"
	"time"
)

// user is one person with several connections. It checks that each connection gets
// every change, once and in order, and measures when the last one has it.
type user struct {
	name    string
	clients []*client

	mu       sync.Mutex
	first    int64     // seq before the first change
	last     []int64   // latest seq of each client
	arrivals []arrival // by seq, from first+1
	faults   []string
	latency  *histogram
	sent     int
	complete int
}

// arrival is how many clients have a change, and how long the last of them took.
type arrival struct {
	clients int
	latest  time.Duration
}

// maxFaults is how many faults are kept. One is enough to fail.
const maxFaults = 5

func (u *user) fault(format string, args ...any) {
	if len(u.faults) < maxFaults {
		u.faults = append(u.faults, u.name+": "+fmt.Sprintf(format, args...))
	}
}

// message returns the next action. Its started_at is the time of sending.
func (u *user) message(n int) []byte {
	action := "timer_start"
	if n%2 == 1 {
		action = "timer_stop"
	}
	b := make([]byte, 0, 160)
	b = append(b, `{"action":"`...)
	b = append(b, action...)
	b = append(b, `","id":"timer-`...)
	b = strconv.AppendInt(b, int64(n/2%4), 10)
	b = append(b, `","user_id":"`...)
	b = append(b, u.name...)
	b = append(b, `","started_at":"`...)
	b = time.Now().UTC().AppendFormat(b, time.RFC3339Nano)
	return append(b, `"}`...)
}

var (
	stateEvent  = []byte(`{"event":"state"`)
	updateEvent = []byte(`{"event":"timer_updated"`)
	seqMember   = []byte(`"seq":`)
	userMember  = []byte(`"user_id":"`)
	startMember = []byte(`"started_at":"`)
)

// got processes one message of one client.
func (u *user) got(index int, message []byte, now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case bytes.HasPrefix(message, stateEvent):
		u.last[index] = seqOf(message)
		u.first = u.last[index]
	case bytes.HasPrefix(message, updateEvent):
		u.update(index, message, now)
	default:
		u.fault("unexpected message %.200s", message)
	}
}

// seqOf returns the last seq in a message, because a state's own seq comes after its
// timers.
func seqOf(message []byte) int64 {
	i := bytes.LastIndex(message, seqMember)
	if i < 0 {
		return -1
	}
	var n int64
	for _, c := range message[i+len(seqMember):] {
		if c < '0' || c > '9' {
			break
		}
		n = 10*n + int64(c-'0')
	}
	return n
}

// update processes a change. It needs mu held.
func (u *user) update(index int, message []byte, now time.Time) {
	seq := seqOf(message)
	if seq != u.last[index]+1 {
		u.fault("client %d got seq %d after %d", index, seq, u.last[index])
	}
	u.last[index] = seq
	if text(message, userMember) != u.name {
		u.fault("client %d got a change of %q", index, text(message, userMember))
	}
	started, err := time.Parse(time.RFC3339Nano, text(message, startMember))
	if err != nil {
		u.fault("client %d got no time", index)
		return
	}
	u.note(seq, now.Sub(started))
}

// note records that a client has the change. It needs mu held.
func (u *user) note(seq int64, took time.Duration) {
	n := int(seq - u.first - 1)
	if n < 0 {
		u.fault("seq %d is before the first", seq)
		return
	}
	for len(u.arrivals) <= n {
		u.arrivals = append(u.arrivals, arrival{})
	}
	a := &u.arrivals[n]
	a.clients++
	a.latest = max(a.latest, took)
	if a.clients == len(u.clients) {
		u.latency.add(a.latest)
		u.complete++
	}
}

func text(message, member []byte) string {
	_, rest, _ := bytes.Cut(message, member)
	value, _, _ := bytes.Cut(rest, []byte{'"'})
	return string(value)
}

// echoed processes a message of the echo server, which is the action itself.
func (u *user) echoed(message []byte, now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if started, err := time.Parse(time.RFC3339Nano, text(message, startMember)); err == nil {
		u.latency.add(now.Sub(started))
		u.complete++
	}
}

// done returns how many changes every client has, how many were sent, and the faults.
func (u *user) done() (complete, sent int, faults []string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.complete, u.sent, u.faults
}
