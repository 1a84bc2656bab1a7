package rest

import (
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/clockwork-timer/backend/pkg/secret"
)

// maxMessage is in runes: a sentence or two of the upstream, for the log.
const maxMessage = 300

// redact makes upstream text fit for a log and for a step's error, which a
// dashboard shows: no credential that we sent, nobody's e-mail address or account id,
// no control characters, bounded.
func (r Request) redact(text string) string {
	text = secret.NewMask(r.secrets()...).Hide(oneLine(text)) // one line first, since that could bring a broken secret together
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
// token after its scheme, the value of each cookie; and as they are in one line.
func (r Request) secrets() []secret.Text {
	all := slices.Clone(r.Secrets)
	for _, name := range []string{"Authorization", "Cookie"} {
		for _, v := range http.Header(r.Header).Values(name) {
			all = append(all, secret.New(v))
			for part := range strings.SplitSeq(v, ";") {
				all = append(all, after(part, " "), after(part, "="))
			}
		}
	}
	for _, s := range slices.Clone(all) {
		all = append(all, secret.New(oneLine(s.Reveal())))
	}
	return all
}

func after(s, sep string) secret.Text {
	_, rest, _ := strings.Cut(strings.TrimSpace(s), sep)
	return secret.New(rest)
}
