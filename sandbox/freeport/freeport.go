// Package freeport finds TCP ports for programs that tests start, stop and start
// again on the same port.
//
// A port that the system chooses would be one of those that it gives outgoing
// connections too: while its server is down, somebody else's connection may take
// it, and a client that dials again and again may be connected to itself.
package freeport

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"syscall"
)

// Outgoing connections have ports from 32768 on (Linux, ip_local_port_range),
// or from 49152 (RFC 6335).
const (
	lowest = 10_000
	above  = 32_768
)

const attempts = 1000

// Find returns n different ports of 127.0.0.1 that nobody listens on. They are
// held open together before any is given back, so they differ.
func Find(n int) ([]int, error) {
	ports := make([]int, 0, n)
	for range attempts {
		if len(ports) == n {
			return ports, nil
		}
		port := lowest + rand.IntN(above-lowest)
		l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		switch {
		case errors.Is(err, syscall.EADDRINUSE):
			continue
		case err != nil:
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer l.Close()
		ports = append(ports, port)
	}
	return nil, fmt.Errorf("find a free port: %d were tried", attempts)
}
