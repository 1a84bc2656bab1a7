package sandbox

import (
	"errors"
	"net"
	"net/http"
	"time"
)

// Servers are the stand-ins on loopback ports of their own.
type Servers struct {
	ClockworkURL string // with /v1, as CLOCKWORK_API_BASE_URL
	ReportURL    string // as CLOCKWORK_REPORT_BASE_URL
	JiraURL      string // as JIRA_BASE_URL
	ControlURL   string
}

// TB is the part of testing.TB that Start needs, so that programs that use
// the package do not link testing.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// Start serves everything until the test ends.
func (s *Sandbox) Start(t TB) *Servers {
	t.Helper()
	return &Servers{
		ClockworkURL: s.listen(t, s.Clockwork()) + "/v1",
		ReportURL:    s.listen(t, s.Report()),
		JiraURL:      s.listen(t, s.Jira()),
		ControlURL:   s.listen(t, s.Control()),
	}
}

func (s *Sandbox) listen(t TB, h http.Handler) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("sandbox: %v", err)
	}
	srv := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: h}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	t.Cleanup(func() {
		s.faults.Clear()
		_ = srv.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Fatalf("sandbox: %v", err)
		}
	})
	return "http://" + l.Addr().String()
}
