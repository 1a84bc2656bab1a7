package tcp

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strconv"
	"time"
	"unsafe"

	redigo "github.com/gomodule/redigo/redis"
)

// bufferSize is that of a connection's two buffers. The library's own hold 4 KiB, so a
// large reply would take many reads.
const bufferSize = 32 << 10

// server is what the URL says.
type server struct {
	address        string
	tls            bool
	user, password string
	database       int
}

// conn is one connection. The library reads replies; commands and deadlines are written
// here.
type conn struct {
	redigo.Conn
	socket *socket
	era    int
}

// connect opens a connection and logs in, before ctx's deadline.
func (s server) connect(ctx context.Context, era int) (*conn, error) {
	var dialer interface {
		DialContext(ctx context.Context, network, address string) (net.Conn, error)
	} = &net.Dialer{}
	if s.tls {
		dialer = &tls.Dialer{}
	}
	opened, err := dialer.DialContext(ctx, "tcp", s.address)
	if err != nil {
		return nil, err
	}
	socket := &socket{opened, bufio.NewReaderSize(opened, bufferSize), bufio.NewWriterSize(opened, bufferSize)}
	c := &conn{redigo.NewConn(socket, 0, 0), socket, era}
	if err := c.logIn(ctx, s); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// logIn sends what comes before all other commands.
func (c *conn) logIn(ctx context.Context, s server) error {
	var cmds [][]string
	switch {
	case s.password != "" && s.user != "":
		cmds = append(cmds, []string{"AUTH", s.user, s.password})
	case s.password != "":
		cmds = append(cmds, []string{"AUTH", s.password})
	}
	if s.database != 0 {
		cmds = append(cmds, []string{"SELECT", strconv.Itoa(s.database)})
	}
	if len(cmds) == 0 {
		return nil
	}
	deadline, _ := ctx.Deadline()
	one := &call{cmds: cmds}
	if err := c.exchange(deadline, []*call{one}); err != nil {
		return err
	}
	for _, reply := range one.replies {
		if refused, ok := reply.(error); ok {
			return refused
		}
	}
	return nil
}

// exchange is one round trip. It gives each call its replies, as far as they come; its
// error says why one is missing. The connection is of no use then.
func (c *conn) exchange(deadline time.Time, calls []*call) error {
	if err := c.socket.SetDeadline(deadline); err != nil {
		return err
	}
	for _, one := range calls {
		for _, cmd := range one.cmds {
			c.write(cmd)
		}
	}
	if err := c.socket.out.Flush(); err != nil {
		return err
	}
	for _, one := range calls {
		replies := make([]any, len(one.cmds))
		for i := range replies {
			var err error
			if replies[i], err = normalize(c.Receive()); err != nil {
				return err
			}
		}
		one.replies = replies
	}
	return nil
}

// write adds a command to what the socket sends at its next Flush, as an array of bulk strings
// (redis.io/docs/latest/develop/reference/protocol-spec). Flush returns the error.
func (c *conn) write(cmd []string) {
	out := c.socket.out
	length := func(kind byte, n int) {
		text := append(strconv.AppendInt(append(out.AvailableBuffer(), kind), int64(n), 10), '\r', '\n')
		_, _ = out.Write(text)
	}
	length('*', len(cmd))
	for _, arg := range cmd {
		length('$', len(arg))
		_, _ = out.WriteString(arg)
		_, _ = out.WriteString("\r\n")
	}
}

func (c *conn) close() { _ = c.Close() }

// alive reports that the server has not closed the connection since it was last used. A
// write that may not be repeated would fail on it.
func (c *conn) alive() bool {
	opened := c.socket.Conn
	if secured, ok := opened.(*tls.Conn); ok {
		opened = secured.NetConn()
	}
	_ = opened.SetDeadline(time.Time{})
	return open(opened)
}

// socket is a network connection with larger buffers.
type socket struct {
	net.Conn
	in  *bufio.Reader
	out *bufio.Writer
}

func (s *socket) Read(p []byte) (int, error) { return s.in.Read(p) }

// SetReadDeadline is called by the library before each reply: a round trip has one.
func (s *socket) SetReadDeadline(time.Time) error { return nil }

// normalize takes a reply to the types that REST has, and an error that a script put
// inside a list to an error of the call. err is returned if the reply did not come.
func normalize(value any, err error) (any, error) {
	if refused, ok := err.(redigo.Error); ok {
		return refused, nil
	}
	if err != nil {
		return nil, err
	}
	switch v := value.(type) {
	case []byte: // made for this reply, and held by nobody else
		return unsafe.String(unsafe.SliceData(v), len(v)), nil
	case []any:
		for i, item := range v {
			if v[i], err = normalize(item, nil); err != nil {
				return nil, err
			}
			if refused, ok := v[i].(redigo.Error); ok {
				return refused, nil
			}
		}
	case nil, int64, string, redigo.Error:
	default:
		return nil, fmt.Errorf("a reply of another protocol: %T", value)
	}
	return value, nil
}
