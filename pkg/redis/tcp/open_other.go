//go:build !linux && !darwin && !freebsd

package tcp

import "net"

// open is not known here.
func open(net.Conn) bool { return true }
