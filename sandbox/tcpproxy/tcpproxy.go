// Package tcpproxy stands between a client and a server and does to their
// connections what networks do: it delays, and it lets a connection go silent
// while both ends believe that it is open. It does not look at the bytes.
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

// Start listens on a free loopback port. Close the proxy when done.
func Start(target string) (*Proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{listener: listener, target: target, open: map[*link]struct{}{}}
	p.running.Go(p.accept)
	return p, nil
}

// Addr is where clients connect to.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Delay makes each answer come so much later.
func (p *Proxy) Delay(d time.Duration) { p.delay.Store(int64(d)) }

// Swallow lets no byte of the connections that are open pass any more, in
// either direction. They stay open, and new ones pass.
func (p *Proxy) Swallow() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.open {
		l.swallow.Store(true)
	}
}

// Opened counts the connections since the start.
func (p *Proxy) Opened() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

// Close ends every connection and waits for that.
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

// link is one connection, in two parts.
type link struct {
	client, server net.Conn
	swallow        atomic.Bool
}

func (l *link) close() {
	_ = l.client.Close()
	_ = l.server.Close()
}

// chunk is bytes on their way.
type chunk struct {
	bytes []byte
	due   time.Time
}

// forward copies until either side ends, each chunk after the delay.
func (l *link) forward(to io.Writer, from io.Reader, delay *atomic.Int64) {
	chunks := make(chan chunk, 1024)
	var writing sync.WaitGroup
	writing.Go(func() {
		for c := range chunks {
			time.Sleep(time.Until(c.due))
			if !l.swallow.Load() {
				if _, err := to.Write(c.bytes); err != nil {
					l.close() // the reader ends, and then the chunks
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
