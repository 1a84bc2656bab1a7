package upstashrest

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/alicebob/miniredis/v2/server"
)

// Usage is what went through since New, as the service's bill has it.
type Usage struct {
	// Commands counts what Redis ran, for any client and in any form: each
	// command, each inside a pipeline, transaction or script, the script
	// itself, each PUBLISH and each SUBSCRIBE (one with several channels is
	// one). Clients over TCP at Addr are counted too. Not counted is what
	// belongs to a connection (HELLO, AUTH, CLIENT, SELECT, QUIT, RESET),
	// MULTI, EXEC and DISCARD (the bill's rule for them is not known), INFO
	// (this count asks with it), and what never reached Redis: a refused
	// token, a command that REST does not take or Redis does not have.
	Commands int64
	// RoundTrips is the number of requests over REST, refused ones included.
	RoundTrips int64
	// BytesIn and BytesOut are the bodies of requests and answers over REST.
	BytesIn, BytesOut int64
}

// Since is what came after an earlier reading.
func (u Usage) Since(earlier Usage) Usage {
	return Usage{
		Commands:   u.Commands - earlier.Commands,
		RoundTrips: u.RoundTrips - earlier.RoundTrips,
		BytesIn:    u.BytesIn - earlier.BytesIn,
		BytesOut:   u.BytesOut - earlier.BytesOut,
	}
}

// Usage reads the counters. Commands come from Redis' own statistics: the
// command total of miniredis, or INFO commandstats of a real server, both of
// which count a script's calls. So they are exact while nobody else uses that
// Redis, and they end with it: they do not go on after a restart of either, or
// CONFIG RESETSTAT.
// Miniredis.SetError replaces the hook that recognises set-up commands
// apart: from then on those count as well.
func (s *Server) Usage(ctx context.Context) (Usage, error) {
	ran, err := s.commandsRun(ctx)
	if err != nil {
		return Usage{}, fmt.Errorf("read the command count: %w", err)
	}
	return Usage{
		Commands:   ran - s.base,
		RoundTrips: s.roundTrips.Load(),
		BytesIn:    s.bytesIn.Load(),
		BytesOut:   s.bytesOut.Load(),
	}, nil
}

var uncounted = map[string]bool{
	"HELLO": true, "AUTH": true, "CLIENT": true, "SELECT": true, "QUIT": true, "RESET": true,
	"MULTI": true, "EXEC": true, "DISCARD": true, "INFO": true,
}

// countSetup is miniredis's hook before each command; it lets all pass.
func (s *Server) countSetup(_ *server.Peer, name string, _ ...string) bool {
	if uncounted[name] && s.miniServer.IsRegisteredCommand(name) {
		s.setup.Add(1)
	}
	return false
}

func (s *Server) commandsRun(ctx context.Context) (int64, error) {
	if s.mini != nil {
		return int64(s.miniServer.TotalCommands()) - s.setup.Load(), nil
	}
	stats, err := s.rdb.Info(ctx, "commandstats").Result()
	if err != nil {
		return 0, err
	}
	return sumCalls(stats), nil
}

// commandStat is a line of INFO commandstats; a subcommand is "client|setinfo".
// Calls leave out those refused for their arguments, which miniredis counts.
var commandStat = regexp.MustCompile(`(?m)^cmdstat_([^:|]+)[^:]*:calls=(\d+),.*rejected_calls=(\d+)`)

func sumCalls(stats string) int64 {
	var sum int64
	for _, line := range commandStat.FindAllStringSubmatch(stats, -1) {
		if uncounted[strings.ToUpper(line[1])] {
			continue
		}
		for _, digits := range line[2:] {
			n, _ := strconv.ParseInt(digits, 10, 64) // the pattern lets nothing but digits through
			sum += n
		}
	}
	return sum
}
