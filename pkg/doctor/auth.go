package doctor

import (
	"context"
	"regexp"
	"strings"

	"github.com/clockwork-timer/backend/pkg/auth/password"
	"github.com/clockwork-timer/backend/pkg/config"
)

// checkAuth says who may call, and warns of weak secrets.
func checkAuth(_ context.Context, t *target) []Finding {
	a := t.config.Auth
	if t.wrong("AUTH_MODE", "JWT_SECRET", "AUTH_USERS") {
		return only(skip(see))
	}
	if a.Mode == config.AuthUndecided {
		return only(fail("not decided, so only health is served: set JWT_SECRET and AUTH_USERS, or AUTH_MODE=open"))
	}
	var found []Finding
	switch {
	case a.Mode == config.AuthOpen && t.config.Deployed():
		found = append(found, warn("open: anyone who knows the address reads everybody's timers; set AUTH_MODE=required, JWT_SECRET and AUTH_USERS"))
	case a.OpenByDefault:
		found = append(found, warn("open, because AUTH_MODE is not set: anyone who reaches the server reads everybody's timers; set AUTH_MODE=required, JWT_SECRET and AUTH_USERS, or AUTH_MODE=open if you mean that"))
	case a.Mode == config.AuthRequired && a.Users.Len() == 0 && !t.config.HasAtlassian() && !t.config.HasOIDC():
		found = append(found, warn("required, but nobody can log in: set AUTH_USERS (`server hash-password` makes a hash), or a provider of sign-in"))
	case a.Users.Len() > 0 && a.JWTSecret.IsZero():
		found = append(found, warn("AUTH_USERS cannot log in without JWT_SECRET: openssl rand -base64 48"))
	}
	for _, one := range a.JWTSecrets() {
		if guessable(one) {
			found = append(found, warn("JWT_SECRET looks easy to guess: openssl rand -base64 48"))
			break
		}
	}
	found = append(found, t.checkUsers()...)
	if len(found) > 0 {
		return found
	}
	users := count(a.Users.Len(), "user") + " can log in"
	if a.Users.Len() == 0 {
		users = "nobody has a password"
	}
	if a.Mode == config.AuthOpen {
		return only(ok("open: anyone may read, and a write needs its own Clockwork token; %s", users))
	}
	return only(ok("required: %s", users))
}

// checkUsers finds what is wrong with users although AUTH_USERS parses.
func (t *target) checkUsers() (found []Finding) {
	var weak, heavy, nobody []string
	for user, hash := range t.config.Auth.Users.Each() {
		switch cost := hash.Cost(); {
		case weakCost(cost):
			weak = append(weak, user.Username)
		case cost.Memory > heavyMemory:
			heavy = append(heavy, user.Username)
		}
		if user.AccountID == "" && user.Email == "" && user.Role == "" {
			nobody = append(nobody, user.Username)
		}
	}
	say := func(names []string, text string) {
		if len(names) > 0 {
			found = append(found, warn("AUTH_USERS %s: %s", strings.Join(names, ", "), text))
		}
	}
	say(weak, "a hash that is cheap to guess at: make it again with `server hash-password`")
	say(heavy, "a hash that takes over 64 MiB for each login: make it again with `server hash-password`")
	say(nobody, "neither account_id nor email: they log in and see nothing, so add one")
	return found
}

const (
	// leastWork is memory in KiB times passes, of the cheapest setting that OWASP's
	// cheat sheet on password storage recommends (7 MiB, five passes).
	leastWork   = 7168 * 5
	heavyMemory = 64 << 10 // KiB
)

func weakCost(c password.Cost) bool { return uint64(c.Memory)*uint64(c.Passes) < leastWork }

var commonWords = regexp.MustCompile(`(?i)secret|password|changeme|change-me|example|clockwork|123456|qwerty|abcdef`)

// guessable reports whether a secret looks typed: it repeats itself, has few
// different characters, or contains a common word.
func guessable(text string) bool {
	different := map[byte]bool{}
	for _, b := range []byte(text) {
		different[b] = true
	}
	return len(different) < 12 || commonWords.MatchString(text) || strings.Contains((text + text)[1:2*len(text)-1], text)
}

// checkEncryption says whether upstream tokens are stored between syncs.
func checkEncryption(_ context.Context, t *target) []Finding {
	key := t.config.TokenEncryptionKey.Bytes()
	switch {
	case t.wrong("TOKEN_ENCRYPTION_KEY"):
		return only(skip(see))
	case len(key) == 0:
		return only(skip("TOKEN_ENCRYPTION_KEY is not set: each sync asks Jira for a token of its own"))
	case guessable(string(key)):
		return only(warn("TOKEN_ENCRYPTION_KEY looks easy to guess: openssl rand -base64 32"))
	}
	return only(ok("upstream tokens are stored in Redis, encrypted"))
}

// checkCORS lists the origins: no other place shows that one is missing.
func checkCORS(_ context.Context, t *target) []Finding {
	if t.wrong("CORS_ALLOWED_ORIGINS") {
		return only(skip(see))
	}
	own := t.config.Auth.AllowedOrigins
	for _, origin := range own {
		if strings.HasPrefix(origin, "http://") && t.config.Deployed() {
			return only(warn("%s is not encrypted: anyone on the network path can put a page there, so use https", origin))
		}
	}
	if len(own) == 0 {
		return only(ok("the desktop clients only"))
	}
	return only(ok("the desktop clients and %s", strings.Join(own, ", ")))
}
