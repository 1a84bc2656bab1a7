//go:build linux || darwin || freebsd

package tcp

import (
	"net"
	"syscall"
)

// open reports that nothing waits to be read on an idle connection, not even its end.
func open(conn net.Conn) (idle bool) {
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return false
	}
	err = raw.Read(func(fd uintptr) bool {
		var one [1]byte
		_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		idle = err == syscall.EAGAIN
		return true
	})
	return idle && err == nil
}
