package redis

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// EncodeAll is Encode for several commands, whose keys and channels get prefix.
func EncodeAll(cmds [][]any, prefix string) ([][]string, error) {
	encoded := make([][]string, len(cmds))
	for i, cmd := range cmds {
		args, err := Encode(cmd)
		if err == nil {
			err = Prefix(args, prefix)
		}
		if err != nil {
			return nil, err
		}
		encoded[i] = args
	}
	return encoded, nil
}

// Encode turns the arguments of a command into the strings that Redis sees.
// Only text and numbers are taken: for anything else (a bool, a time.Duration)
// there is no one obvious spelling. Text must be UTF-8, because a JSON request
// would replace other bytes without a word. Errors name the argument's place,
// never its value.
func Encode(cmd []any) ([]string, error) {
	if len(cmd) == 0 {
		return nil, errors.New("redis command is empty")
	}
	out := make([]string, len(cmd))
	for i, arg := range cmd {
		text, ok := encodeArg(arg)
		if !ok {
			return nil, fmt.Errorf("redis argument %d has type %T: want string, []byte, integer or float64", i, arg)
		}
		if !utf8.ValidString(text) {
			return nil, fmt.Errorf("redis argument %d is not UTF-8: encode binary data, as base64 for one", i)
		}
		out[i] = text
	}
	if out[0] == "" {
		return nil, errors.New("redis command has no name")
	}
	return out, nil
}

func encodeArg(arg any) (string, bool) {
	switch v := arg.(type) {
	case string:
		return v, true
	case []byte:
		return string(v), true
	case int:
		return strconv.Itoa(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), true
	default:
		return "", false
	}
}

// Name is the command's name in upper case, as an error or log line groups by
// it; "COMMAND" when it does not look like a name.
func Name(cmd []string) string {
	if len(cmd) == 0 || len(cmd[0]) > 24 || strings.Trim(strings.ToUpper(cmd[0]), "ABCDEFGHIJKLMNOPQRSTUVWXYZ_.") != "" {
		return "COMMAND"
	}
	return strings.ToUpper(cmd[0])
}
