package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
)

// client is a WebSocket client that does as little as possible, so that the servers
// get the CPU. It understands only what they send: unfragmented text, pings and close
// frames.
type client struct {
	conn   net.Conn
	reader *bufio.Reader

	mu    sync.Mutex
	frame []byte // of the last message sent
}

func dial(addr, path, token string) (*client, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	c := &client{conn: conn, reader: bufio.NewReaderSize(conn, 1024)}
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer %s\r\n\r\n", path, addr, token)
	res, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		conn.Close()
		return nil, err
	}
	if res.StatusCode != http.StatusSwitchingProtocols {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 1024))
		conn.Close()
		return nil, fmt.Errorf("%s: %s", res.Status, strings.TrimSpace(string(text)))
	}
	return c, nil
}

const (
	textFrame  = 0x81
	closeFrame = 0x88
	pingFrame  = 0x89
	pongFrame  = 0x8a
	maskBit    = 0x80
)

// send sends one frame. The mask is zero, so masking would not change the payload.
func (c *client) send(kind byte, payload []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frame = append(c.frame[:0], kind)
	if n := len(payload); n < 126 {
		c.frame = append(c.frame, maskBit|byte(n))
	} else {
		c.frame = binary.BigEndian.AppendUint16(append(c.frame, maskBit|126), uint16(n))
	}
	c.frame = append(append(c.frame, 0, 0, 0, 0), payload...)
	_, err := c.conn.Write(c.frame)
	return err
}

// receive calls on for each text message until the connection ends. The
// message is valid only during the call.
func (c *client) receive(on func(message []byte)) error {
	var buffer []byte
	for {
		var head [2]byte
		if _, err := io.ReadFull(c.reader, head[:]); err != nil {
			return err
		}
		n, err := c.length(head[1])
		if err != nil {
			return err
		}
		if cap(buffer) < n {
			buffer = make([]byte, n)
		}
		payload := buffer[:n]
		if _, err := io.ReadFull(c.reader, payload); err != nil {
			return err
		}
		switch head[0] {
		case textFrame:
			on(payload)
		case pingFrame:
			if err := c.send(pongFrame, payload); err != nil {
				return err
			}
		case closeFrame:
			return fmt.Errorf("closed by the server: %q", payload)
		}
	}
}

func (c *client) length(second byte) (int, error) {
	var b [8]byte
	switch second {
	case 126:
		_, err := io.ReadFull(c.reader, b[:2])
		return int(binary.BigEndian.Uint16(b[:2])), err
	case 127:
		_, err := io.ReadFull(c.reader, b[:])
		return int(binary.BigEndian.Uint64(b[:])), err
	}
	return int(second), nil
}
