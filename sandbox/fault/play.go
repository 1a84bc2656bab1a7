package fault

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

const loginPage = `<!DOCTYPE html><html><head><title>Log in with Atlassian account</title></head><body><form action="/login"></form></body></html>`

func (p *Plan) play(w http.ResponseWriter, r *http.Request, next http.Handler) {
	if p.Fault.Delay > 0 && !p.sleep(r) {
		panic(http.ErrAbortHandler)
	}
	if p.After && p.needsNoAnswer() {
		record(next, r)
	}
	switch p.Kind {
	case Delay:
		next.ServeHTTP(w, r)
	case Status:
		p.writeStatus(w)
	case HTML:
		send(w, http.StatusOK, "text/html;charset=UTF-8", []byte(loginPage))
	case Huge:
		p.writeHuge(w)
	case Hang:
		p.hang(r)
	case Reset:
		reset(w)
	case Truncated:
		record(next, r).truncate(w)
	case MalformedJSON:
		rec := record(next, r)
		rec.body = *bytes.NewBuffer(rec.body.Bytes()[:rec.body.Len()/2])
		rec.copyTo(w)
	case WrongTypes:
		rec := record(next, r)
		rec.body = *bytes.NewBuffer(withWrongTypes(rec.body.Bytes()))
		rec.copyTo(w)
	}
}

// needsNoAnswer reports whether the kind replaces the answer without calling the
// handler.
func (p *Plan) needsNoAnswer() bool {
	return p.Kind == Status || p.Kind == HTML || p.Kind == Huge || p.Kind == Hang || p.Kind == Reset
}

// sleep waits for Delay. It returns false if the client left meanwhile.
func (p *Plan) sleep(r *http.Request) bool {
	t := time.NewTimer(p.Fault.Delay)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	case <-p.cleared:
		return true
	}
}

func (p *Plan) hang(r *http.Request) {
	// net/http notices that a client has left only after the body was read.
	_, _ = io.Copy(io.Discard, r.Body)
	select {
	case <-r.Context().Done():
	case <-p.cleared:
	}
	panic(http.ErrAbortHandler)
}

func (p *Plan) writeStatus(w http.ResponseWriter) {
	status, body := cmp.Or(p.Fault.Status, http.StatusInternalServerError), []byte(p.Body)
	if p.Body == "" {
		body, _ = json.Marshal(map[string]string{"message": http.StatusText(status)})
	}
	if p.RetryAfter != "" {
		w.Header().Set("Retry-After", p.RetryAfter)
	}
	send(w, status, cmp.Or(p.ContentType, "application/json"), body)
}

// writeHuge streams one JSON string, so that a client without a limit reads all of
// it.
func (p *Plan) writeHuge(w http.ResponseWriter) {
	size := cmp.Or(p.Size, 50<<20)
	w.Header().Set("Content-Type", "application/json")
	const head, tail = `{"padding":"`, `"}`
	_, err := io.WriteString(w, head)
	chunk := bytes.Repeat([]byte{'x'}, 64<<10)
	for left := size - int64(len(head)+len(tail)); left > 0 && err == nil; left -= int64(len(chunk)) {
		_, err = w.Write(chunk[:min(left, int64(len(chunk)))])
	}
	_, _ = io.WriteString(w, tail)
}

// reset makes the client read "connection reset by peer".
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // over HTTP/2 other requests share the connection
	}
	if c, ok := conn.(*tls.Conn); ok {
		conn = c.NetConn()
	}
	if c, ok := conn.(*net.TCPConn); ok {
		_ = c.SetLinger(0)
	}
	_ = conn.Close()
}

func send(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
