package tcp

import (
	"context"
	"net"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

type dialer = func(ctx context.Context, network, addr string) (net.Conn, error)

// eager dials at each call that needs a connection. go-redis would, once as many
// dials as its pool has places have failed, answer with the last error and look
// only each second whether the server is back. It does not count a connection
// that fails when it is used.
func eager(o *goredis.Options) dialer {
	dial := goredis.NewDialer(o)
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return unreached{err}, nil
		}
		return conn, nil
	}
}

// unreached is a connection that could not be opened. Whoever uses it gets the
// reason.
type unreached struct{ why error }

func (u unreached) Read([]byte) (int, error)       { return 0, u.why }
func (u unreached) Write([]byte) (int, error)      { return 0, u.why }
func (unreached) Close() error                     { return nil }
func (unreached) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (unreached) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (unreached) SetDeadline(time.Time) error      { return nil }
func (unreached) SetReadDeadline(time.Time) error  { return nil }
func (unreached) SetWriteDeadline(time.Time) error { return nil }
