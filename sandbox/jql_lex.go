package sandbox

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

type tokenKind int

const (
	tokenEnd    tokenKind = iota
	tokenWord             // unquoted
	tokenString           // quoted, text is the value
	tokenSymbol           // operator, parenthesis or comma
)

type jqlToken struct {
	kind tokenKind
	text string
	at   int // character, from 1
}

// is compares a keyword or symbol.
func (t jqlToken) is(text string) bool {
	return (t.kind == tokenWord || t.kind == tokenSymbol) && strings.EqualFold(t.text, text)
}

func jqlErrorf(at int, format string, args ...any) error {
	return refusal(fmt.Sprintf("Error in the JQL Query: "+format, args...) + fmt.Sprintf(" (line 1, character %d)", at))
}

// lexJQL cuts a query into tokens; the last one is tokenEnd.
func lexJQL(query string) ([]jqlToken, error) {
	in := []rune(query)
	var out []jqlToken
	for at := 0; ; {
		for at < len(in) && unicode.IsSpace(in[at]) {
			at++
		}
		if at == len(in) {
			return append(out, jqlToken{kind: tokenEnd, at: at + 1}), nil
		}
		token, next, err := lexToken(in, at)
		if err != nil {
			return nil, err
		}
		out, at = append(out, token), next
	}
}

func lexToken(in []rune, at int) (t jqlToken, next int, err error) {
	c := in[at]
	switch {
	case c == '"' || c == '\'':
		return lexString(in, at)
	case strings.ContainsRune("=(),~", c):
		return jqlToken{tokenSymbol, string(c), at + 1}, at + 1, nil
	case strings.ContainsRune("!<>", c):
		if at+1 < len(in) && (in[at+1] == '=' || c == '!' && in[at+1] == '~') {
			return jqlToken{tokenSymbol, string(in[at : at+2]), at + 1}, at + 2, nil
		}
		return jqlToken{tokenSymbol, string(c), at + 1}, at + 1, nil
	case strings.ContainsRune("&|", c):
		word := map[rune]string{'&': "and", '|': "or"}[c]
		next = at + 1
		if next < len(in) && in[next] == c {
			next++
		}
		return jqlToken{tokenWord, word, at + 1}, next, nil
	}
	return lexWord(in, at)
}

// reservedCharacters cannot stand outside quotes.
const reservedCharacters = "+;?*/%^$#@[]{}\\`"

func lexWord(in []rune, at int) (jqlToken, int, error) {
	end := at
	for end < len(in) && !unicode.IsSpace(in[end]) && !strings.ContainsRune("=!<>()~,\"'&|", in[end]) {
		if strings.ContainsRune(reservedCharacters, in[end]) || unicode.IsControl(in[end]) {
			return jqlToken{}, 0, jqlErrorf(end+1, `The character '%c' is a reserved JQL character. You must enclose it in a string or use the escape '\u%04x' instead.`, in[end], in[end])
		}
		end++
	}
	return jqlToken{tokenWord, string(in[at:end]), at + 1}, end, nil
}

func lexString(in []rune, at int) (jqlToken, int, error) {
	var text strings.Builder
	for i := at + 1; i < len(in); i++ {
		switch c := in[i]; {
		case c == in[at]:
			return jqlToken{tokenString, text.String(), at + 1}, i + 1, nil
		case c == '\n' || c == '\r':
			return jqlToken{}, 0, jqlErrorf(at+1, "The quoted string '%s' has not been completed.", text.String())
		case c == '\\':
			r, used := unescape(in[i+1:])
			if used == 0 {
				return jqlToken{}, 0, jqlErrorf(i+1, `'%s' is an illegal JQL escape sequence. The valid escape sequences are \', \", \t, \n, \r, \\, '\ ' and \uXXXX.`, string(in[i:min(i+2, len(in))]))
			}
			text.WriteRune(r)
			i += used
		default:
			text.WriteRune(c)
		}
	}
	return jqlToken{}, 0, jqlErrorf(at+1, "The quoted string '%s' has not been completed.", text.String())
}

// unescape reads what follows a backslash; used is 0 when it is no escape.
func unescape(in []rune) (r rune, used int) {
	if len(in) == 0 {
		return 0, 0
	}
	if in[0] == 'u' && len(in) >= 5 {
		n, err := strconv.ParseUint(string(in[1:5]), 16, 32)
		if err != nil {
			return 0, 0
		}
		return rune(n), 5
	}
	r, ok := map[rune]rune{'\'': '\'', '"': '"', '\\': '\\', ' ': ' ', 't': '\t', 'n': '\n', 'r': '\r'}[in[0]]
	if !ok {
		return 0, 0
	}
	return r, 1
}
