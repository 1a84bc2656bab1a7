//go:build unix

package transport

import "syscall"

// tryWrite writes what the socket accepts at once, and returns how many bytes.
func tryWrite(raw syscall.RawConn, b []byte) (n int) {
	_ = raw.Write(func(fd uintptr) bool {
		n, _ = syscall.Write(int(fd), b)
		return true // never wait
	})
	return max(n, 0) // the next blocking write returns the error
}
