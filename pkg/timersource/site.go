package timersource

import (
	"bytes"
	"context"
	"maps"
	"mime"
	"net/http"

	"github.com/clockwork-timer/backend/pkg/internal/rest"
)

// site sends the session to the one host that it belongs to.
type site struct {
	rest   *rest.Client
	header http.Header
}

// do sends r with the session. A login page in place of an answer, or any
// refusal, is the error that says what it means.
func (s *site) do(ctx context.Context, r rest.Request) (*rest.Response, error) {
	header := maps.Clone(s.header)
	maps.Copy(header, r.Header)
	r.Header = header
	resp, err := s.rest.Do(ctx, r)
	if err != nil {
		return nil, siteError(err)
	}
	if isHTML(resp) {
		return nil, siteError(resp.Refused(http.StatusUnauthorized, "LOGIN_PAGE", ""))
	}
	return resp, nil
}

func isHTML(resp *rest.Response) bool {
	mediaType, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return mediaType == "text/html" || bytes.HasPrefix(bytes.TrimSpace(resp.Body), []byte("<"))
}
