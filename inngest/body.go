package inngest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/clockwork-timer/backend/pkg/web"
)

const (
	// maxBody is the largest request accepted, in bytes: a batch of events is a few
	// tens of KiB, and the steps pass their results through Redis.
	maxBody = 256 << 10
	// Inngest's own requests nest some six levels and have a dozen names in one.
	maxDepth = 64
	maxNames = 128
)

// plainBodies passes on requests whose body costs little to parse. The SDK brings
// a body into canonical form before it checks the signature, and the parser of
// that form recurses without a limit and takes quadratic time in the number of an
// object's names: anyone could stop the process with one request.
func plainBodies(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := web.ReadBody(r, maxBody)
		if err == nil && len(body) > 0 && (!json.Valid(body) || !plain(body)) {
			err = web.BadRequest("", "The body is not JSON as Inngest sends it.")
		}
		if refused, ok := errors.AsType[*web.Error](err); ok {
			web.WriteError(w, refused)
			return
		}
		r = r.WithContext(r.Context()) // a copy
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

// plain reports whether valid JSON stays within maxDepth and maxNames. Half a
// surrogate pair is refused: after one, the canonical form's parser takes texts
// for structure.
func plain(body []byte) bool {
	var names []int // of each object and list that is open
	text := false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case text && c == '\\' && isSurrogate(body[i:]):
			if !bytes.HasPrefix(body[i+6:], []byte(`\u`)) {
				return false
			}
			i += 11 // both halves of the pair
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case text:
		case c == '{' || c == '[':
			if names = append(names, 0); len(names) > maxDepth {
				return false
			}
		case c == '}' || c == ']':
			names = names[:len(names)-1]
		case c == ':':
			if names[len(names)-1]++; names[len(names)-1] > maxNames {
				return false
			}
		}
	}
	return true
}

// isSurrogate reports whether a valid escape is \ud800 to \udfff.
func isSurrogate(escape []byte) bool {
	return escape[1] == 'u' && escape[2]|0x20 == 'd' && escape[3] >= '8'
}
