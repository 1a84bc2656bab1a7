package secret

import (
	"cmp"
	"encoding/base64"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Shortest is below the length of any credential, in bytes. Masking shorter texts
// would make a log unreadable.
const Shortest = 8

// Mask hides secrets, and what identifies a person, in a text that others wrote: an
// upstream's message, a driver's error. Its zero value knows no secrets.
type Mask struct {
	forms    []string // of the secrets, the shortest first
	replacer *strings.Replacer
}

// NewMask finds secrets as they are and as a quoted request has them: escaped for
// an address, or in base64.
func NewMask(secrets ...Text) Mask {
	var m Mask
	for _, s := range secrets {
		text := s.Reveal()
		if len(text) >= Shortest && utf8.ValidString(text) { // part of a rune may equal what is no UTF-8
			m.forms = append(m.forms, text, url.QueryEscape(text), url.PathEscape(text), base64.StdEncoding.EncodeToString([]byte(text)))
		}
	}
	slices.SortFunc(m.forms, func(a, b string) int { return cmp.Compare(len(a), len(b)) })
	var pairs []string
	for _, form := range slices.Backward(m.forms) { // one may begin with another
		pairs = append(pairs, form, redacted)
	}
	m.replacer = strings.NewReplacer(pairs...)
	return m
}

var (
	emailInText = regexp.MustCompile(`[\w.%+-]+@[\w-]+(\.[\w-]+)*\.[A-Za-z]{2,}`)
	// jwtInText is a JWT, or the beginning of one that was cut off.
	jwtInText = regexp.MustCompile(`eyJ[\w-]{8,}(\.[\w-]*){1,2}`)
	// ownInText is a refresh or personal token of this backend.
	ownInText = regexp.MustCompile(`\bcw[rkc]_[\w-]{30,}`)
	// accountInText is an Atlassian account id in either of its forms.
	accountInText = regexp.MustCompile(`\b(\d{5,7}:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{24})\b`)
)

// shortestAccount is the length of the shorter form.
const shortestAccount = 24

// Hide returns the text without the secrets, JWTs, this backend's tokens, e-mail
// addresses and account ids. It is called for each line of the log, so a text with
// none of them costs no regular expression.
func (m Mask) Hide(text string) string {
	text = m.HideSecrets(text)
	if strings.Contains(text, "@") {
		text = emailInText.ReplaceAllString(text, "[e-mail]")
	}
	if strings.Contains(text, "eyJ") {
		text = jwtInText.ReplaceAllString(text, "[token]")
	}
	if strings.Contains(text, "cw") {
		text = ownInText.ReplaceAllString(text, "[token]")
	}
	if len(text) >= shortestAccount && accountInText.MatchString(text) {
		text = accountInText.ReplaceAllString(text, "[account]")
	}
	return text
}

// HideSecrets returns the text without the secrets alone: for an operator, who may
// read the rest. It copies only if there is something to replace.
func (m Mask) HideSecrets(text string) string {
	for _, form := range m.forms {
		if len(form) > len(text) {
			break
		}
		if strings.Contains(text, form) {
			return m.replacer.Replace(text)
		}
	}
	return text
}
