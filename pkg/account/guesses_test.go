package account_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/ratelimit"
)

func TestGuessesAreCounted(t *testing.T) {
	forged := "cwr_" + strings.Repeat("A", 60)
	for name, guess := range map[string]func(*testing.T, *browser) answer{
		"callback": func(t *testing.T, b *browser) answer {
			return b.call(t, "GET", "/api/auth/callback?again=1&state=guessed&code=guessed", "")
		},
		"code-of-an-app": func(t *testing.T, b *browser) answer { return b.redeem(t, "guessed") },
		"cookie": func(t *testing.T, b *browser) answer {
			b.header.Set("Cookie", "cw_session="+forged)
			return b.refresh(t)
		},
		"cookie-of-a-logout": func(t *testing.T, b *browser) answer {
			b.header.Set("Cookie", "cw_session="+forged)
			return b.call(t, "POST", "/api/auth/logout", "{}")
		},
		"refresh-token": func(t *testing.T, b *browser) answer {
			return b.call(t, "POST", "/api/auth/token", `{"grant_type":"refresh_token","refresh_token":"`+forged+`"}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			b := w.browser(t)
			for range ratelimit.SignIns.Quota {
				require.NotEqual(t, 429, guess(t, b).StatusCode)
			}
			got := guess(t, b)
			assertRefused(t, got, 429, "RATE_LIMITED")
			assert.Contains(t, got.Header.Get("RateLimit-Policy"), `"signin";q=30;w=60`)

			someone := w.browser(t) // behind the same address
			someone.logIn(t, "linh", "cookie")
			assert.Equal(t, 200, someone.refresh(t).StatusCode, "nobody is locked out by others' guesses")
		})
	}
}

func TestRefreshesOfOneSessionAreCounted(t *testing.T) {
	w := newWorld(t, nil)
	b, other := w.browser(t), w.browser(t)
	b.logIn(t, "linh", "cookie")
	other.logIn(t, "linh", "cookie")
	for range ratelimit.Refreshes.Quota {
		require.Equal(t, 200, b.refresh(t).StatusCode)
	}
	assertRefused(t, b.refresh(t), 429, "RATE_LIMITED")
	assert.Equal(t, 200, other.refresh(t).StatusCode)
	w.Clock.Advance(time.Second)
	assert.Equal(t, 200, b.refresh(t).StatusCode, "the session has not ended")
}
