// Package freeport finds TCP ports for programs that tests start, stop and start
// again on the same port.
//
// A port that the system chooses is one of those that outgoing connections get too.
// While its server is down, another connection may get the port, and a client that
// redials may be connected to itself.
package freeport

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"syscall"
)

// Outgoing connections use ports from 32768 (Linux, ip_local_port_range) or from
// 49152 (RFC 6335).
const (
	lowest = 10_000
	above  = 32_768
)

const attempts = 1000

// Find returns n different free ports of 127.0.0.1. All of them are held open until
// the last one is found, so they differ.
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
	return nil, fmt.Errorf("find a free port: %d attempts failed", attempts)
}
