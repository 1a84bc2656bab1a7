package clockwork

import (
	"bytes"
	"errors"
	"strconv"
)

// number is an integer that Clockwork writes as a number in some answers and
// as a string in others. JSON null leaves it 0.
type number int64

var errNotANumber = errors.New("not an integer")

// UnmarshalJSON reads 7, "7" or null.
func (n *number) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	if len(b) >= 2 && b[0] == '"' {
		b = bytes.Trim(b, `"`)
	}
	v, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil {
		return errNotANumber // strconv's text would repeat the input
	}
	*n = number(v)
	return nil
}
