package process

import (
	"fmt"
	"net"
)

// FreePorts returns n different TCP ports of 127.0.0.1 that nobody listens on.
// They are held open together before any is given back, so they differ.
func FreePorts(n int) ([]int, error) {
	ports := make([]int, n)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer l.Close()
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}
