package doctor

import (
	"net/url"
	"regexp"

	"github.com/clockwork-timer/backend/pkg/secret"
)

// secretNames are variables whose values may be secret even if they do not
// parse.
var secretNames = regexp.MustCompile(`TOKEN|KEY|SECRET|COOKIE|PASSWORD|REDIS_URL|AUTH_USERS|HEADERS`)

// maskFor returns a function that masks every secret in a text and makes it one
// line. Findings quote no secret, but the errors of others may.
func maskFor(t *target) func(string) string {
	secrets := t.config.Secrets()
	for name, value := range t.environ {
		if secretNames.MatchString(name) {
			secrets = append(secrets, secret.New(value))
		}
		if u, err := url.Parse(value); err == nil && u.User != nil {
			password, _ := u.User.Password()
			secrets = append(secrets, secret.New(password))
		}
	}
	mask := secret.NewMask(secrets...)
	return func(text string) string { return oneLine(mask.HideSecrets(text)) }
}
