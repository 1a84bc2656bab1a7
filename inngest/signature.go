package inngest

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/inngest/inngestgo"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/web"
)

const (
	// signatureAge is how long a signature is valid, as in the SDK. The SDK accepts
	// any time ahead of ours; here the clocks may differ by this much.
	signatureAge = 5 * time.Minute
	// smallBody is the size, in bytes, up to which a body is checked even if its
	// address has sent forgeries: at most 2 ms of work. Otherwise anybody who shares
	// an address with Inngest could lock it out.
	smallBody = 8 << 10
)

var (
	errSignature = &web.Error{Status: http.StatusUnauthorized, Code: "UNAUTHORIZED", Message: "This is not signed by Inngest, or not in the last five minutes."}
	errForgeries = &web.Error{Status: http.StatusTooManyRequests, Code: "RATE_LIMITED", Message: "Too many requests from here were not signed by Inngest. Try again later."}
)

// signatures checks Inngest's signature before anything that costs more than
// the check. The SDK checks it too, but only after it has brought the body into
// canonical form.
type signatures struct {
	deps *app.Deps
	now  func() time.Time
}

// serve passes on what Inngest has signed, and a GET, which needs no signature
// because it has no body.
func (s *signatures) serve(next http.Handler) http.Handler {
	checked := plainBodies(s.verified(next))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodGet:
			r = r.WithContext(r.Context()) // a copy
			r.Body = http.NoBody
			next.ServeHTTP(w, r)
		case !s.recent(r.Header.Get(inngestgo.HeaderKeySignature)):
			web.WriteError(w, errSignature)
		default:
			checked.ServeHTTP(w, r)
		}
	})
}

var signatureForm = regexp.MustCompile(`^t=([0-9]{1,11})&s=[0-9a-f]{1,64}$`)

// recent reports whether a signature has the right form and a recent time, which
// is cheap to check.
func (s *signatures) recent(signature string) bool {
	parts := signatureForm.FindStringSubmatch(signature)
	if parts == nil {
		return false
	}
	seconds, err := strconv.ParseInt(parts[1], 10, 64)
	return err == nil && s.now().Sub(time.Unix(seconds, 0)).Abs() <= signatureAge
}

func (s *signatures) verified(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body) // plainBodies has bounded it
		if err != nil {
			web.WriteError(w, errSignature)
			return
		}
		if wait := httpapi.ForgeryWait(s.deps, r); wait > 0 && len(body) > smallBody {
			refused := *errForgeries
			refused.RetryAfter = wait
			web.WriteError(w, &refused)
			return
		}
		key := s.deps.Config.Inngest.SigningKey.Reveal()
		if valid, _, _ := inngestgo.ValidateRequestSignature(r.Context(), r.Header.Get(inngestgo.HeaderKeySignature), key, "", body, false); !valid {
			httpapi.CountForgery(s.deps, r)
			web.WriteError(w, errSignature)
			return
		}
		r = r.WithContext(r.Context()) // a copy
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}
