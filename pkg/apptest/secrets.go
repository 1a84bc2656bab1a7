package apptest

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// Secrets returns the values that no answer and no log may have, by name.
func (w *World) Secrets() map[string]string {
	own := w.Sandbox.Credentials()
	secrets := map[string]string{
		"jira api token": own.AtlassianAPIToken.Reveal(),
		"jira session":   own.SessionToken.Reveal(),
		"redis token":    redisToken,
	}
	for _, p := range w.Sandbox.People() {
		secrets["clockwork token of "+p.DisplayName] = w.Sandbox.ClockworkToken(p.AccountID).Reveal()
	}
	for _, name := range []string{"JWT_SECRET", "TOKEN_ENCRYPTION_KEY", "INNGEST_EVENT_KEY", "INNGEST_SIGNING_KEY"} {
		if value := w.Env[name]; value != "" {
			secrets[name] = value
		}
	}
	return secrets
}

// AssertNoSecrets asserts that neither the answer nor the log has a secret, and that
// the log has no e-mail address.
func (w *World) AssertNoSecrets(t testing.TB, answer string) {
	t.Helper()
	log := w.Log.String()
	for name, value := range w.Secrets() {
		assert.NotContains(t, answer, value, "the answer holds the "+name)
		assert.NotContains(t, log, value, "the log holds the "+name)
	}
	for _, p := range w.Sandbox.People() {
		assert.NotContains(t, log, p.Email, "the log holds an e-mail address")
	}
}
