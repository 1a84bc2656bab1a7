package upstashrest

import (
	"io"
	"net/http"
	"strings"

	"github.com/clockwork-timer/backend/pkg/secret"
)

// maxRequest is the largest request on the plans Free and Pay as you go, in bytes
// (Upstash: max request size exceeded).
const maxRequest = 10 << 20

func (s *Server) route(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest+1))
	s.bytesIn.Add(int64(len(body)))
	switch {
	case err != nil:
		writeItem(w, http.StatusBadRequest, item{Error: "ERR failed to read the request"})
		return
	case len(body) > maxRequest:
		// Read on, because otherwise the caller may see a reset instead of the
		// answer.
		_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, maxRequest))
		writeItem(w, http.StatusBadRequest, item{Error: "ERR max request size exceeded"})
		return
	}
	segments, err := pathSegments(r.URL)
	if err != nil {
		writeItem(w, http.StatusBadRequest, item{Error: "ERR failed to parse the path"})
		return
	}
	base64 := strings.EqualFold(r.Header.Get("Upstash-Encoding"), "base64")
	switch first := strings.ToLower(segments[0]); {
	case first == "" && len(segments) == 1:
		s.single(w, r, base64, func() ([]any, error) { return parseCommand(body) })
	case first == "pipeline" && len(segments) == 1:
		s.pipeline(w, r, base64, body)
	case first == "multi-exec" && len(segments) == 1:
		s.multiExec(w, r, base64, body)
	case first == "subscribe" || first == "psubscribe":
		s.stream(w, r, first, segments[1:])
	default:
		s.single(w, r, base64, func() ([]any, error) { return pathCommand(segments, body, r.URL.RawQuery) })
	}
}

func (s *Server) authorized(r *http.Request) bool {
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		given = r.URL.Query().Get(tokenParameter)
	}
	return s.token.Equal(secret.New(given))
}
