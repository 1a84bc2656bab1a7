// Package tcpproxy forwards TCP connections and makes them fail as networks do: it
// delays answers, and it lets a connection go silent while both ends believe that it
// is open. It does not look at the bytes.
package tcpproxy

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Proxy forwards connections to one address.
type Proxy struct {
	listener net.Listener
	target   string
	delay    atomic.Int64
	running  sync.WaitGroup

	mu     sync.Mutex
	closed bool
	open   map[*link]struct{}
	count  int
}

// Start listens on a free loopback port. The caller must close the proxy.
func Start(target string) (*Proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{listener: listener, target: target, open: map[*link]struct{}{}}
	p.running.Go(p.accept)
	return p, nil
}

// Addr is the host:port to which clients connect.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Delay delays each answer by d.
func (p *Proxy) Delay(d time.Duration) { p.delay.Store(int64(d)) }

// Swallow drops all further bytes of the connections that are open now, in both
// directions. The connections stay open, and new ones work.
func (p *Proxy) Swallow() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.open {
		l.swallow.Store(true)
	}
}

// Opened returns the number of connections since the start.
func (p *Proxy) Opened() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

// Close closes every connection, and waits until they have ended.
func (p *Proxy) Close() {
	_ = p.listener.Close()
	p.mu.Lock()
	p.closed = true
	for l := range p.open {
		l.close()
	}
	p.mu.Unlock()
	p.running.Wait()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		l := &link{client: client, server: server}
		if !p.add(l) {
			l.close()
			return
		}
		p.running.Go(func() { l.forward(server, client, nil) })
		p.running.Go(func() { l.forward(client, server, &p.delay); p.remove(l) })
	}
}

func (p *Proxy) add(l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.open[l] = struct{}{}
	p.count++
	return true
}

func (p *Proxy) remove(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, l)
}

// link is a client's connection and its connection to the server.
type link struct {
	client, server net.Conn
	swallow        atomic.Bool
}

func (l *link) close() {
	_ = l.client.Close()
	_ = l.server.Close()
}

// chunk is some bytes to forward, and the time when they are due.
type chunk struct {
	bytes []byte
	due   time.Time
}

// forward copies bytes until either side closes. Each chunk is written after the
// delay.
func (l *link) forward(to io.Writer, from io.Reader, delay *atomic.Int64) {
	chunks := make(chan chunk, 1024)
	var writing sync.WaitGroup
	writing.Go(func() {
		for c := range chunks {
			time.Sleep(time.Until(c.due))
			if !l.swallow.Load() {
				if _, err := to.Write(c.bytes); err != nil {
					l.close() // then the read below fails, and chunks is closed
				}
			}
		}
	})
	defer writing.Wait()
	defer close(chunks)
	defer l.close()
	for {
		buffer := make([]byte, 32<<10)
		n, err := from.Read(buffer)
		if n > 0 {
			due := time.Now()
			if delay != nil {
				due = due.Add(time.Duration(delay.Load()))
			}
			chunks <- chunk{buffer[:n], due}
		}
		if err != nil {
			return
		}
	}
}
