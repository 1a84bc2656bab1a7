package timercache_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares what is stored or published with a file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".json")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got+"\n"), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got+"\n")
}

// What is in Redis outlives the program that wrote it, and others read it too.
func TestStoredForms(t *testing.T) {
	w := onMini(t)
	held := commented(running(2, "ann", "A-2", 90*time.Second), "waits for review")
	held.WithinWorkingHours, held.StartedWithinWorkingHours, held.WorklogCount = false, false, 3
	held.Issue.Summary, held.Issue.ProjectName = "Fix the door", "House"
	held.Author.AvatarURL = "https://avatars.example.test/ann.png"
	s := w.seen(running(1, "ann", "A-1", time.Hour), held)
	s.Enriched = true
	w.commit(s)
	golden(t, "value", w.get("clockwork:timers:ann"))
	golden(t, "value-of-everybody", w.get("clockwork:timers:all"))
	golden(t, "sync", w.get("clockwork:sync"))

	w.clock.Advance(1250 * time.Millisecond)
	stop := w.listen(t, nil)
	w.stopped("ann", "A-2")
	w.stopped("ann", "A-1")
	w.started("ann", "A-3")
	events := stop()
	require.Len(t, events, 3)
	golden(t, "event-stopped", events[0].payload)
	golden(t, "event-running", events[2].payload)
	golden(t, "sync-after-a-start", w.get("clockwork:sync"))
	golden(t, "value-of-a-provisional-timer", w.get("clockwork:timers:ann"))
	w.stopped("ann", "A-3")
	golden(t, "value-of-nothing", w.get("clockwork:timers:ann"))
	w.flush()
	w.started("cleo", "C-1")
	w.started("bob", "B-1")
	golden(t, "pending", w.get("clockwork:pending"))
}
