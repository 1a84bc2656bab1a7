package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest"
)

// A second signal ends the server without waiting for the requests in flight.
func TestSecondSignal(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			_, environ := world(t, nil)
			log := &apptest.Log{}
			command := exec.CommandContext(t.Context(), os.Args[0])
			command.Env = append(environ, asProcess+"=1")
			command.Stderr = log
			require.NoError(t, command.Start())
			ended := make(chan error, 1)
			go func() { ended <- command.Wait() }()
			var port []string
			require.Eventually(t, func() bool { port = jsonAddress.FindStringSubmatch(log.String()); return port != nil }, time.Minute, 5*time.Millisecond, "listening: %s", log)
			address := "127.0.0.1:" + port[1]
			client, err := net.Dial("tcp", address)
			require.NoError(t, err)
			defer client.Close()
			_, err = fmt.Fprintf(client, "POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n")
			require.NoError(t, err)
			_, err = client.Read(make([]byte, 1)) // "100 Continue": the server waits for the body
			require.NoError(t, err)

			require.NoError(t, command.Process.Signal(signal))
			require.Eventually(t, func() bool {
				c, err := net.Dial("tcp", address)
				if err == nil {
					_ = c.Close()
				}
				return err != nil
			}, time.Minute, time.Millisecond, "it accepts no more connections")
			tick := time.NewTicker(10 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
					_ = command.Process.Signal(signal)
					continue
				case <-ended:
				}
				break
			}
			status, ok := command.ProcessState.Sys().(syscall.WaitStatus)
			require.True(t, ok)
			assert.Equal(t, signal, status.Signal(), "it ended by itself: %s", command.ProcessState)
		})
	}
}
