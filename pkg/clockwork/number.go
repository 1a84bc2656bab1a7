package clockwork

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"strings"
)

// number is an integer that Clockwork writes as a number in some answers and
// as a string in others, with or without a fraction of zero. JSON null leaves
// it 0.
type number int64

var errNotANumber = errors.New("not an integer")

// UnmarshalJSON reads 7, 7.0, 7e0, each of them as a string too, or null.
func (n *number) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	if len(b) >= 2 && b[0] == '"' {
		b = bytes.Trim(b, `"`)
	}
	v, ok := integer(string(b))
	if !ok {
		return errNotANumber // strconv's text would repeat the input
	}
	*n = number(v)
	return nil
}

// maxExact is the largest integer up to which float64 holds every integer.
const maxExact = 1 << 53

// integer reads a number that has no fraction, or a fraction of zero.
func integer(text string) (int64, bool) {
	if whole, fraction, found := strings.Cut(text, "."); found && fraction != "" && strings.Trim(fraction, "0") == "" {
		text = whole
	}
	if v, err := strconv.ParseInt(text, 10, 64); err == nil {
		return v, true
	}
	if !strings.ContainsAny(text, "eE") {
		return 0, false
	}
	v, err := strconv.ParseFloat(text, 64)
	return int64(v), err == nil && v == math.Trunc(v) && math.Abs(v) <= maxExact
}
