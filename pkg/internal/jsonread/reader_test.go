package jsonread_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/internal/jsonread"
)

// decode reads any value with every method of the reader.
func decode(r *jsonread.Reader) any {
	switch r.Kind() {
	case '{':
		object := map[string]any{}
		r.Fields(func(name string) { object[name] = decode(r) })
		return object
	case '[':
		list := []any{}
		r.Items(func() { list = append(list, decode(r)) })
		return list
	case '"':
		text, _ := r.Text()
		return text
	case 't', 'f':
		value, _ := r.Bool()
		return value
	case 'n':
		r.Null()
		return nil
	}
	return json.Number(r.Number())
}

// FuzzReader compares with encoding/json: the same texts are valid, and they say
// the same.
func FuzzReader(f *testing.F) {
	for _, text := range []string{
		`{}`, `[]`, `""`, `0`, `-1.5e+3`, `01`, `1.`, `-`, `tru`, `null`, ` [1 , {"a":"b\n\u00e9\ud83d\ude00"}] `, "\"\xff\"", "\"\n\"", `{"a":1,}`, `[1 2]`,
		`{"a" 1}`, `{1:2}`, `"\x"`, `"\u12"`, `[`, `{"a":`, `"`, `1 2`, ``, `{"a":{"a":[[[]]]},"a":2}`, `nulll`, "\x00",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := jsonread.New(text)
		got := decode(r)
		err := r.End()
		require.Equal(t, json.Valid([]byte(text)), err == nil, "valid: %q", text)
		skipped := jsonread.New(text)
		raw := skipped.Raw()
		require.Equal(t, err, skipped.End(), "skipped: %q", text)
		if err != nil {
			return
		}
		var want, again any
		require.NoError(t, unmarshal(text, &want))
		require.NoError(t, unmarshal(raw, &again))
		assert.Equal(t, want, got)
		assert.Equal(t, want, again)
	})
}

// unmarshal decodes with encoding/json, each number as it is written.
func unmarshal(text string, v *any) error {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	return d.Decode(v)
}

func TestOtherTypesAreSkipped(t *testing.T) {
	for _, value := range []string{`{"a":[1]}`, `[1,"x"]`, `"x"`, `7`, `true`, `null`} {
		t.Run(strconv.Quote(value), func(t *testing.T) {
			read := map[string]func(*jsonread.Reader) bool{
				"text":   func(r *jsonread.Reader) bool { _, ok := r.Text(); return ok },
				"bool":   func(r *jsonread.Reader) bool { _, ok := r.Bool(); return ok },
				"number": func(r *jsonread.Reader) bool { return r.Number() != "" },
				"fields": func(r *jsonread.Reader) bool { return r.Fields(func(string) {}) },
				"items":  func(r *jsonread.Reader) bool { return r.Items(func() {}) },
				"unread": func(*jsonread.Reader) bool { return false },
			}
			matches := 0
			for name, one := range read {
				r := jsonread.New(`[` + value + `,"after"]`)
				var items []string
				first := true
				r.Items(func() {
					if first {
						first = false
						if one(r) {
							matches++
						}
						return
					}
					text, _ := r.Text()
					items = append(items, text)
				})
				require.NoError(t, r.End(), name)
				assert.Equal(t, []string{"after"}, items, name)
			}
			assert.LessOrEqual(t, matches, 1)
		})
	}
}

// A list of 5,000 timers has some 75,000 texts.
func TestPlainTextIsPartOfTheInput(t *testing.T) {
	text := `"` + strings.Repeat("planning, ", 10) + `"`
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		got, ok := jsonread.New(text).Text()
		if !ok || got != text[1:len(text)-1] {
			t.Error(got, ok)
		}
	}))
}
