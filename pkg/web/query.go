package web

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The longest value of one query parameter, in characters.
const (
	maxParameter     = 256
	maxLongParameter = 8192 // Microsoft's codes exceed 1,000, Atlassian's 256
)

// Query reads a URL's query strictly: a parameter that is repeated, too long,
// not UTF-8 or holds control characters is a 400, even one that nobody reads.
type Query struct{ values url.Values } // one value each

// ParseQuery checks and reads rawQuery.
func ParseQuery(rawQuery string) (Query, error) { return parseQuery(rawQuery, maxParameter) }

// ParseLongQuery is ParseQuery for what other servers make, such as codes.
func ParseLongQuery(rawQuery string) (Query, error) { return parseQuery(rawQuery, maxLongParameter) }

func parseQuery(rawQuery string, limit int) (Query, error) {
	all, err := url.ParseQuery(rawQuery)
	if err != nil {
		return Query{}, BadRequest("", "The query string is not well formed.")
	}
	for name, values := range all {
		if len(values) > 1 {
			return Query{}, BadRequest(fieldName(name), "A parameter is given more than once; give each one once.")
		}
		if err := CheckText(fieldName(name), values[0], limit); err != nil {
			return Query{}, err
		}
		values[0] = strings.TrimSpace(values[0])
	}
	return Query{all}, nil
}

// fieldName returns name if it is plain, else "": the answer must not repeat any text of
// the caller's.
func fieldName(name string) string {
	for _, r := range name {
		if r > unicode.MaxASCII || !unicode.IsLetter(r) {
			return ""
		}
	}
	if len(name) > 32 {
		return ""
	}
	return name
}

// CheckText refuses text over limit characters, with control characters, or
// that is not UTF-8. New lines and tabs count as control characters.
func CheckText(field, text string, limit int) error {
	switch {
	case !utf8.ValidString(text):
		return BadRequest(field, "The value is not valid UTF-8.")
	case utf8.RuneCountInString(text) > limit:
		return BadRequest(field, "The value is longer than %d characters.", limit)
	case strings.ContainsFunc(text, unicode.IsControl):
		return BadRequest(field, "The value contains control characters.")
	}
	return nil
}

// Get returns a parameter without surrounding white space, or "".
func (q Query) Get(name string) string { return q.values.Get(name) }

// Has reports whether the parameter is there with a value.
func (q Query) Has(name string) bool { return q.Get(name) != "" }

// Int returns a whole number, clamped to [lowest, highest], or fallback if it is absent.
// If it is not a number the error is a 400.
func (q Query) Int(name string, fallback, lowest, highest int) (int, error) {
	text := q.Get(name)
	if text == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil && !errors.Is(err, strconv.ErrRange) { // beyond int is a number too, and clamped
		return 0, BadRequest(name, "%s must be a whole number.", name)
	}
	return min(max(n, lowest), highest), nil
}
