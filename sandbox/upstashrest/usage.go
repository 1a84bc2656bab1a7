package upstashrest

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/alicebob/miniredis/v2/server"
)

// Usage is the use since New, counted as the service bills it.
type Usage struct {
	// Commands counts the commands that Redis ran, for any client: each command, also
	// inside a pipeline, transaction or script, the script itself, each PUBLISH and
	// each SUBSCRIBE (one with several channels counts once). Clients over TCP at
	// Addr are counted too. Not counted are: commands that set a connection up
	// (HELLO, AUTH, CLIENT, SELECT, QUIT, RESET); MULTI, EXEC and DISCARD (how they
	// are billed is not known); INFO (this count uses it); and what never reached
	// Redis: a refused token, or a command that REST does not accept or Redis does
	// not have.
	Commands int64
	// RoundTrips is the number of requests over REST, refused ones included.
	RoundTrips int64
	// BytesIn and BytesOut are the bodies of requests and answers over REST.
	BytesIn, BytesOut int64
}

// Since returns the use after an earlier reading.
func (u Usage) Since(earlier Usage) Usage {
	return Usage{
		Commands:   u.Commands - earlier.Commands,
		RoundTrips: u.RoundTrips - earlier.RoundTrips,
		BytesIn:    u.BytesIn - earlier.BytesIn,
		BytesOut:   u.BytesOut - earlier.BytesOut,
	}
}

// Usage reads the counters. Commands come from Redis's own statistics: miniredis's
// total, or INFO commandstats of a real server. Both include a script's calls. They
// are exact if nobody else uses that Redis, and they are lost at a restart of either,
// or at CONFIG RESETSTAT. After Miniredis.SetError, set-up commands are counted too,
// because it replaces the hook that recognises them.
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

// countSetup is miniredis's hook before each command. It counts set-up commands, and
// refuses none.
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

// commandStat matches a line of INFO commandstats; a subcommand is "client|setinfo".
// calls does not include commands that were rejected for their arguments, which
// miniredis counts.
var commandStat = regexp.MustCompile(`(?m)^cmdstat_([^:|]+)[^:]*:calls=(\d+),.*rejected_calls=(\d+)`)

func sumCalls(stats string) int64 {
	var sum int64
	for _, line := range commandStat.FindAllStringSubmatch(stats, -1) {
		if uncounted[strings.ToUpper(line[1])] {
			continue
		}
		for _, digits := range line[2:] {
			n, _ := strconv.ParseInt(digits, 10, 64) // the pattern matches digits only
			sum += n
		}
	}
	return sum
}
