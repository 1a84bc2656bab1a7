package inngest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/clockwork-timer/backend/pkg/apptest"
)

const signingKey = "signkey-prod-0123456789abcdef"

// What a request that Inngest has not signed costs, per body's size.
func BenchmarkUnsigned(b *testing.B) {
	body := `{"events":[` + strings.Repeat(`{"name":"clockwork/timers.sync.requested","data":{"accountId":"712020:0b1f2a44-0d9b-4d6a-8f6e-0f8a7a3f5c11"}},`, 2300) + `{}]}`
	for name, signature := range map[string]string{"none": "", "no-form": "t=x&s=y", "long-ago": "t=1&s=00", "forged": "now"} {
		b.Run(name, func(b *testing.B) {
			w := apptest.New(b, apptest.Options{Unsynced: true, Env: map[string]string{"INNGEST_SIGNING_KEY": signingKey, "INNGEST_EVENT_KEY": "event-key-0123", "RATE_LIMIT": "off"}})
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				handler, err := Handler(w.Deps)
				if err != nil {
					b.Fatal(err)
				}
				if signature == "now" {
					signature = fmt.Sprintf("t=%d&s=%064x", time.Now().Unix(), 7)
				}
				r := httptest.NewRequest(http.MethodPost, "/api/inngest?fnId=x&stepId=step", strings.NewReader(body))
				r.Header.Set("X-Inngest-Signature", signature)
				answer := httptest.NewRecorder()
				handler.ServeHTTP(answer, r)
				if answer.Code != http.StatusUnauthorized {
					b.Fatal(answer.Code)
				}
			}
		})
	}
}
