package rest

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

// maxMessage is in runes: a sentence or two of the upstream, for the log.
const maxMessage = 300

const redacted = "[redacted]"

var email = regexp.MustCompile(`[\w.%+-]+@[\w-]+(\.[\w-]+)*\.[A-Za-z]{2,}`)

// minSecret spares short header values: to blank every "a" helps nobody.
const minSecret = 6

// redact makes upstream text fit for a log and for a step's error, which a
// dashboard shows: no credential that we sent, no e-mail address, no control
// characters, bounded.
func redact(text string, secrets []string) string {
	text = oneLine(text) // first, since it could bring a broken secret together
	for _, s := range secrets {
		if plain := oneLine(s); len(plain) >= minSecret {
			// As it is, and as an upstream has it that quotes an address.
			text = strings.NewReplacer(plain, redacted, url.QueryEscape(s), redacted, url.PathEscape(s), redacted).Replace(text)
		}
	}
	if strings.Contains(text, "@") {
		text = email.ReplaceAllString(text, "[e-mail]")
	}
	if runes := []rune(text); len(runes) > maxMessage {
		return string(runes[:maxMessage]) + "…"
	}
	return text
}

// oneLine has a space for white space and control characters.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "�"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
}

// secrets lists every credential in the request, whole and in its parts: the
// token after its scheme, the value of each cookie.
func (r Request) secrets() []string {
	var all []string
	for _, name := range []string{"Authorization", "Cookie"} {
		for _, v := range http.Header(r.Header).Values(name) {
			all = append(all, v)
			for part := range strings.SplitSeq(v, ";") {
				all = append(all, after(part, " "), after(part, "="))
			}
		}
	}
	for _, s := range r.Secrets {
		all = append(all, s.Reveal())
	}
	return all
}

func after(s, sep string) string {
	_, rest, _ := strings.Cut(strings.TrimSpace(s), sep)
	return rest
}
