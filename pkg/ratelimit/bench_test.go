package ratelimit_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/clockwork-timer/backend/pkg/apptest/manualclock"
	"github.com/clockwork-timer/backend/pkg/ratelimit"
)

// BenchmarkAdmit is what a read pays that is far from its quota: two counts in
// the process, and two header fields.
func BenchmarkAdmit(b *testing.B) {
	l := ratelimit.New(nil, key, manualclock.New(start).Now, silent)
	var users, addresses [4096]string
	for n := range users {
		users[n], addresses[n] = fmt.Sprintf("user-%d", n), fmt.Sprintf("198.51.%d.%d", n/256, n%256)
	}
	header := http.Header{}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if n++; n == 100*len(users) { // before they have used up their quotas
			l, n = ratelimit.New(nil, key, manualclock.New(start).Now, silent), 0
		}
		at := n % len(users)
		pass, err := l.Admit(by(&ratelimit.Reads, users[at]), ratelimit.Claim{Policy: &ratelimit.PerAddress, Kind: "address", Value: addresses[at]})
		if err != nil {
			b.Fatal(err)
		}
		pass.WriteHeader(header)
	}
}
