package process_test

import (
	"context"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/e2e/process"
	"github.com/clockwork-timer/backend/sandbox/freeport"
)

// shell returns a command that runs a script with sh, which every test machine has.
func shell(script string) process.Command {
	return process.Command{Path: "sh", Args: []string{"-c", script}}
}

func printed(t *testing.T, p *process.Process, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	require.NoError(t, process.Until(ctx, "output "+want, func(context.Context) error {
		if strings.Contains(p.Output(), want) {
			return nil
		}
		return os.ErrNotExist
	}))
}

func TestStop(t *testing.T) {
	tests := []struct {
		name   string
		script string
		grace  time.Duration
		want   error
	}{
		{"obeys-sigterm", `trap 'exit 0' TERM; echo ready; while :; do sleep 0.01; done`, 0, nil},
		{"already-ended", `echo ready`, 0, nil},
		{"ignores-sigterm", `trap '' TERM; echo ready; while :; do sleep 0.01; done`, 100 * time.Millisecond, process.ErrKilled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := shell(tt.script)
			c.Grace = tt.grace
			p := process.StartT(t, c)
			printed(t, p, "ready")
			assert.ErrorIs(t, p.Stop(), tt.want)
			assert.NoError(t, p.Stop(), "a second Stop")
		})
	}
}

func TestStopEndsGrandchildren(t *testing.T) {
	p := process.StartT(t, shell(`sh -c 'echo pid=$$.; exec sleep 600' & trap 'exit 0' TERM; while :; do sleep 0.01; done`))
	printed(t, p, ".")
	_, rest, _ := strings.Cut(p.Output(), "pid=")
	digits, _, _ := strings.Cut(rest, ".")
	pid, err := strconv.Atoi(digits)
	require.NoError(t, err)

	require.NoError(t, p.Stop())
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	require.NoError(t, process.Until(ctx, "the grandchild's end", func(context.Context) error {
		if !running(pid) {
			return nil
		}
		return os.ErrExist
	}))
}

// running reports whether the process still runs. A zombie does not.
func running(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return syscall.Kill(pid, 0) == nil
	}
	return !strings.Contains(string(stat), ") Z ")
}

func TestRun(t *testing.T) {
	out, err := process.Run(t.Context(), shell(`echo hello $WHO`))
	require.NoError(t, err)
	assert.Equal(t, "hello\n", out)

	_, err = process.Run(t.Context(), shell(`echo reason >&2; exit 3`))
	assert.ErrorContains(t, err, "exit status 3")
	assert.ErrorContains(t, err, "reason")

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = process.Run(ctx, shell(`exec sleep 600`))
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestRunEnvironment(t *testing.T) {
	t.Setenv("E2E_INHERITED", "yes")
	c := shell(`echo [$E2E_INHERITED][$E2E_OWN]`)
	c.Env = []string{"E2E_OWN=own"}
	out, err := process.Run(t.Context(), c)
	require.NoError(t, err)
	assert.Equal(t, "[yes][own]\n", out)

	c.BareEnv = true
	out, err = process.Run(t.Context(), c)
	require.NoError(t, err)
	assert.Equal(t, "[][own]\n", out)
}

func TestAnswersGivesUpWhenTheProgramEnds(t *testing.T) {
	ports, err := freeport.Find(1)
	require.NoError(t, err)
	p := process.StartT(t, shell(`echo "no config"; exit 1`))
	err = p.Answers(t.Context(), "http://127.0.0.1:"+strconv.Itoa(ports[0]))
	assert.ErrorContains(t, err, "exit status 1")
	assert.ErrorContains(t, err, "no config")
}

func TestOutputKeepsTheEnd(t *testing.T) {
	out, err := process.Run(t.Context(), shell(`i=0; while [ $i -lt 40000 ]; do echo "line $i with some text in it"; i=$((i+1)); done`))
	require.NoError(t, err)
	assert.Equal(t, 256<<10, len(out))
	assert.True(t, strings.HasSuffix(out, "line 39999 with some text in it\n"), "got end %q", out[len(out)-40:])
}
