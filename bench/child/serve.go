package child

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"runtime/pprof"
	"syscall"
	"time"
)

// Paths that answer with what the process uses, as a number.
const (
	cpuPath    = "/usage/cpu"    // in nanoseconds
	memoryPath = "/usage/memory" // in bytes
)

// Serve is the child's side of Start: it serves until Stop, then calls closing.
// Unless profile is "", it writes a CPU profile to the file of that name.
func Serve(handler http.Handler, profile string, closing func() error) error {
	mux := http.NewServeMux()
	mux.Handle("/", handler)
	mux.HandleFunc(cpuPath, report(cpu))
	mux.HandleFunc(memoryPath, report(memory))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	fmt.Println(listener.Addr())
	_, _ = io.Copy(io.Discard, os.Stdin)
	err = errors.Join(closing(), server.Close())
	if end := <-served; !errors.Is(end, http.ErrServerClosed) {
		err = errors.Join(err, end)
	}
	return err
}

func report(use func() (int64, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		n, err := use()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprint(w, n)
	}
}

func cpu() (int64, error) {
	var r syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return r.Utime.Nano() + r.Stime.Nano(), err
}

// memory is the resident memory (proc(5): statm) after a garbage collection.
func memory() (int64, error) {
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	var size, resident int64
	_, err = fmt.Sscan(string(text), &size, &resident)
	return resident * int64(os.Getpagesize()), err
}
