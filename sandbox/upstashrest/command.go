package upstashrest

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"strings"
)

const tokenParameter = "_token"

var errParse = errors.New("ERR failed to parse the command: want a JSON array of strings and numbers")

// parseCommand reads ["SET", "key", 1]. Numbers stay as they are written.
func parseCommand(body []byte) ([]any, error) {
	var cmd []any
	if err := decodeJSON(body, &cmd); err != nil {
		return nil, errParse
	}
	return scalars(cmd)
}

// parseCommands reads [["SET", "key", 1], …].
func parseCommands(body []byte) ([][]any, error) {
	var cmds [][]any
	if err := decodeJSON(body, &cmds); err != nil || len(cmds) == 0 {
		return nil, errParse
	}
	for i, cmd := range cmds {
		parsed, err := scalars(cmd)
		if err != nil {
			return nil, err
		}
		cmds[i] = parsed
	}
	return cmds, nil
}

func decodeJSON(body []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if dec.More() {
		return errParse
	}
	return nil
}

func scalars(cmd []any) ([]any, error) {
	if len(cmd) == 0 {
		return nil, errors.New("ERR empty command")
	}
	out := make([]any, len(cmd))
	for i, arg := range cmd {
		switch v := arg.(type) {
		case string:
			out[i] = v
		case json.Number:
			out[i] = v.String()
		case bool:
			out[i] = strconv.FormatBool(v)
		default:
			return nil, errParse
		}
	}
	return out, nil
}

// pathSegments splits the path before unescaping it, so that a value may contain a
// slash.
func pathSegments(u *url.URL) ([]string, error) {
	segments := strings.Split(strings.TrimPrefix(u.EscapedPath(), "/"), "/")
	for i, escaped := range segments {
		plain, err := url.PathUnescape(escaped)
		if err != nil {
			return nil, err
		}
		segments[i] = plain
	}
	return segments, nil
}

// pathCommand reads the path form: /set/key, with the body as the next argument, and
// the options of ?EX=60&NX as the last ones, in the order of the query.
func pathCommand(segments []string, body []byte, query string) ([]any, error) {
	cmd := make([]any, 0, len(segments)+1)
	for _, segment := range segments {
		cmd = append(cmd, segment)
	}
	if len(body) > 0 {
		cmd = append(cmd, string(body))
	}
	for option := range strings.SplitSeq(query, "&") {
		name, value, hasValue := strings.Cut(option, "=")
		if name == "" || name == tokenParameter {
			continue
		}
		escaped := []string{name}
		if hasValue {
			escaped = append(escaped, value)
		}
		for _, one := range escaped {
			plain, err := url.QueryUnescape(one)
			if err != nil {
				return nil, errParse
			}
			cmd = append(cmd, plain)
		}
	}
	return cmd, nil
}
