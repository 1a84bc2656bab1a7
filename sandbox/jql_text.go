package sandbox

import (
	"strings"
	"unicode"
)

// compareText plays the part of Jira's text search that a search box needs:
// every word must be there, * at the end of a word matches its beginnings.
func compareText(field, operator string, values []string) (condition, error) {
	if operator != "~" && operator != "!~" {
		return nil, refusef("The operator '%s' is not supported by the '%s' field.", operator, field)
	}
	terms, err := textTerms(field, values[0])
	if err != nil {
		return nil, err
	}
	wanted := operator == "~"
	return func(i *Issue) bool {
		words := strings.FieldsFunc(strings.ToLower(i.Summary), isNoWord)
		for _, t := range terms {
			if !t.in(words) {
				return !wanted
			}
		}
		return wanted
	}, nil
}

type textTerm struct {
	word   string
	prefix bool
}

func (t textTerm) in(words []string) bool {
	for _, w := range words {
		if w == t.word || t.prefix && strings.HasPrefix(w, t.word) {
			return true
		}
	}
	return false
}

func isNoWord(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// textTerms reads the text grammar, refusing the operators that are not played.
func textTerms(field, text string) (out []textTerm, err error) {
	for _, term := range strings.Fields(text) {
		if term[0] == '*' || term[0] == '?' {
			return nil, refusef("The text query '%s' for field '%s' is not allowed to start with character '%c'.", text, field, term[0])
		}
		body, prefix := strings.CutSuffix(term, "*")
		plain, ok := literalText(body)
		if !ok {
			return nil, refusef("Unable to parse the text '%s' for field '%s'.", text, field)
		}
		words := strings.FieldsFunc(strings.ToLower(plain), isNoWord)
		for n, w := range words {
			out = append(out, textTerm{word: w, prefix: prefix && n == len(words)-1})
		}
	}
	if len(out) == 0 {
		return nil, refusef("Unable to parse the text '%s' for field '%s'.", text, field)
	}
	return out, nil
}

// literalText drops the backslashes before special characters; a special
// character without one is an operator.
func literalText(term string) (string, bool) {
	var out strings.Builder
	in := []rune(term)
	for n := 0; n < len(in); n++ {
		switch {
		case in[n] == '\\' && n+1 < len(in):
			n++
			out.WriteRune(in[n])
		case in[n] == '-' && n > 0: // inside a word
			out.WriteRune(in[n])
		case strings.ContainsRune(`+-&|!(){}[]^~*?\:"`, in[n]):
			return "", false
		default:
			out.WriteRune(in[n])
		}
	}
	return out.String(), true
}
