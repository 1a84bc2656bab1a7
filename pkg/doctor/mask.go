package doctor

import (
	"net/url"
	"regexp"
	"strings"
)

// secretNames are variables whose values may be secret even if they do not
// parse.
var secretNames = regexp.MustCompile(`TOKEN|KEY|SECRET|COOKIE|PASSWORD|REDIS_URL|AUTH_USERS|HEADERS`)

// shortest is below the length of any credential: masking it would garble the text.
const shortest = 8

// maskFor returns a function that masks every secret in a text and makes it one
// line. Findings quote no secret, but the errors of others may.
func maskFor(t *target) func(string) string {
	var secrets []string
	add := func(value string) {
		if value = strings.TrimSpace(value); len(value) >= shortest {
			secrets = append(secrets, value, url.QueryEscape(value), url.PathEscape(value))
		}
	}
	for _, s := range t.config.Secrets() {
		add(s.Reveal())
	}
	for name, value := range t.environ {
		if secretNames.MatchString(name) {
			add(value)
		}
		if u, err := url.Parse(value); err == nil && u.User != nil {
			password, _ := u.User.Password()
			add(password)
		}
	}
	return func(text string) string {
		for _, s := range secrets {
			text = strings.ReplaceAll(text, s, "[redacted]")
		}
		return oneLine(text)
	}
}
