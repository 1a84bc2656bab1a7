// Package jsonread reads JSON in one pass, for lists of thousands of entries:
// texts without escapes are parts of the input, nothing is reflected on, and a
// field that nobody asks for is only checked. What takes a handful of values
// uses encoding/json.
package jsonread

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"
)

// maxDepth bounds the nesting, and so the stack.
const maxDepth = 1000

// ErrSyntax means that the text is not JSON, or not one value.
var ErrSyntax = errors.New("not valid JSON")

// Reader reads one JSON value from its start to its end. A method that finds
// another type than its own skips the value. After an error nothing is left to
// read.
type Reader struct {
	text  string
	at    int
	depth int
	bad   bool
}

// New returns a reader of one JSON value.
func New(text string) *Reader { return &Reader{text: text} }

// End checks that nothing but space follows, and returns ErrSyntax for anything
// that was wrong.
func (r *Reader) End() error {
	if r.next() != 0 || r.at < len(r.text) || r.bad {
		return ErrSyntax
	}
	return nil
}

func (r *Reader) fail() {
	r.bad, r.at = true, len(r.text)
}

// next skips space and returns the byte there, 0 at the end.
func (r *Reader) next() byte {
	for r.at < len(r.text) {
		switch c := r.text[r.at]; c {
		case ' ', '\t', '\n', '\r':
			r.at++
		default:
			return c
		}
	}
	return 0
}

// Kind is the first byte of the value: one of {["tfn-0123456789.
func (r *Reader) Kind() byte { return r.next() }

// Fields reads an object: field is called with each name, to read the value. A
// value that it leaves is skipped. It is false if the value is no object.
func (r *Reader) Fields(field func(name string)) bool {
	if r.next() != '{' {
		r.Skip()
		return false
	}
	r.list('}', func() {
		name, ok := r.Text()
		if !ok || r.next() != ':' {
			r.fail()
			return
		}
		r.at++
		r.value(func() { field(name) })
	})
	return !r.bad
}

// Items reads an array: item is called to read each value. A value that it leaves
// is skipped. It is false if the value is no array.
func (r *Reader) Items(item func()) bool {
	if r.next() != '[' {
		r.Skip()
		return false
	}
	r.list(']', func() { r.value(item) })
	return !r.bad
}

// value calls read at the start of a value, and skips it if read did not.
func (r *Reader) value(read func()) {
	r.next()
	start := r.at
	if read(); r.at == start {
		r.Skip()
	}
}

// list reads what is between two brackets.
func (r *Reader) list(end byte, entry func()) {
	if r.depth++; r.depth > maxDepth {
		r.fail()
	}
	defer func() { r.depth-- }()
	r.at++
	if r.next() == end {
		r.at++
		return
	}
	for !r.bad {
		entry()
		switch r.next() {
		case ',':
			r.at++
		case end:
			r.at++
			return
		default:
			r.fail()
		}
	}
}

// Raw skips a value and returns its text.
func (r *Reader) Raw() string { return r.Consumed(r.Skip) }

// Consumed calls read, and returns the text that it read.
func (r *Reader) Consumed(read func()) string {
	r.next()
	start := r.at
	if read(); r.bad {
		return ""
	}
	return r.text[start:r.at]
}

// Skip checks a value.
func (r *Reader) Skip() {
	switch r.next() {
	case '{':
		r.Fields(func(string) {})
	case '[':
		r.Items(func() {})
	case '"':
		r.quoted()
	case 't':
		r.literal("true")
	case 'f':
		r.literal("false")
	case 'n':
		r.literal("null")
	default:
		r.Number()
	}
}

func (r *Reader) literal(word string) bool {
	if !strings.HasPrefix(r.text[r.at:], word) {
		r.fail()
		return false
	}
	r.at += len(word)
	return true
}

// Null reads a null; it is false, and reads nothing, if there is something else.
func (r *Reader) Null() bool { return r.next() == 'n' && r.literal("null") }

// Bool reads true or false; ok is false for any other value.
func (r *Reader) Bool() (value, ok bool) {
	switch r.next() {
	case 't':
		return true, r.literal("true")
	case 'f':
		return false, r.literal("false")
	}
	r.Skip()
	return false, false
}

// Text reads a string; ok is false for any other value.
func (r *Reader) Text() (text string, ok bool) {
	if r.next() != '"' {
		r.Skip()
		return "", false
	}
	start := r.at
	plain := r.quoted()
	if r.bad {
		return "", false
	}
	if text = r.text[start+1 : r.at-1]; plain && utf8.ValidString(text) {
		return text, true
	}
	var unescaped string // a variable of its own: its address makes it an allocation
	err := json.Unmarshal([]byte(r.text[start:r.at]), &unescaped)
	return unescaped, err == nil
}

// quoted skips a string, and reports whether it has no escapes.
func (r *Reader) quoted() (plain bool) {
	plain = true
	for r.at++; r.at < len(r.text); r.at++ {
		switch c := r.text[r.at]; {
		case c == '"':
			r.at++
			return plain
		case c == '\\':
			plain = false
			r.escape()
		case c < ' ':
			r.fail()
		}
	}
	r.fail()
	return false
}

// escape goes to the last byte of an escape.
func (r *Reader) escape() {
	r.at++
	switch {
	case r.at < len(r.text) && strings.IndexByte(`"\/bfnrt`, r.text[r.at]) >= 0:
	case r.at+4 < len(r.text) && r.text[r.at] == 'u' && strings.Trim(r.text[r.at+1:r.at+5], "0123456789abcdefABCDEF") == "":
		r.at += 4
	default:
		r.fail()
	}
}

// Number reads a number as it is written; "" for any other value.
func (r *Reader) Number() string {
	c := r.next()
	if c != '-' && (c < '0' || c > '9') {
		if strings.IndexByte(`{["tfn`, c) >= 0 && c != 0 {
			r.Skip()
		} else {
			r.fail()
		}
		return ""
	}
	start := r.at
	if c == '-' {
		r.at++
	}
	whole := r.at
	r.digits()
	if !r.bad && r.text[whole] == '0' && r.at > whole+1 {
		r.fail()
	}
	if r.at < len(r.text) && r.text[r.at] == '.' {
		r.at++
		r.digits()
	}
	if r.at < len(r.text) && r.text[r.at]|0x20 == 'e' {
		if r.at++; r.at < len(r.text) && (r.text[r.at] == '+' || r.text[r.at] == '-') {
			r.at++
		}
		r.digits()
	}
	if r.bad {
		return ""
	}
	return r.text[start:r.at]
}

// digits skips at least one.
func (r *Reader) digits() {
	start := r.at
	for r.at < len(r.text) && '0' <= r.text[r.at] && r.text[r.at] <= '9' {
		r.at++
	}
	if r.at == start {
		r.fail()
	}
}
