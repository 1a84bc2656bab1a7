package upstash

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

// FuzzDecodeReply: whatever comes, a reply consists of the documented types.
func FuzzDecodeReply(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte) {
		decoded, err := decodeBody(body)
		if err != nil {
			return
		}
		items, isList := decoded.([]any)
		if !isList {
			items = []any{decoded}
		}
		for _, item := range items {
			if r, err := asReply(item); err == nil {
				assert.True(t, documented(r.value), "%T", r.value)
				assert.False(t, r.failed && r.value != nil, "both a result and an error")
			}
		}
	})
}

func documented(v any) bool {
	switch v := v.(type) {
	case nil, int64, string:
		return true
	case []any:
		for _, item := range v {
			if !documented(item) {
				return false
			}
		}
		return true
	default:
		return false
	}
}

// FuzzSSE: any text is read to its end, and a message that follows it is heard
// exactly as it was sent.
func FuzzSSE(f *testing.F) {
	f.Fuzz(func(t *testing.T, before, channel, payload string) {
		events := newEventReader(strings.NewReader(before))
		for {
			if _, _, err := events.next(); err != nil {
				break
			}
		}
		if strings.ContainsAny(channel+payload, "\r\n") || !utf8.ValidString(channel+payload) || len(channel)+len(payload) > maxLine/2 {
			return
		}
		data, whole, err := newEventReader(strings.NewReader("data: message," + channel + "," + payload + "\n\n")).next()
		assert.NoError(t, err)
		assert.True(t, whole)
		gotChannel, got, ok := parseMessage(data, channel)
		assert.True(t, ok)
		assert.Equal(t, channel, gotChannel)
		assert.Equal(t, payload, got)

		data, whole, err = newEventReader(strings.NewReader("data: pmessage,p:*," + channel + "," + payload + "\n\n")).next()
		assert.NoError(t, err)
		assert.True(t, whole)
		gotChannel, got, ok = parsePatternMessage(data, "p:*")
		assert.True(t, ok)
		assert.Equal(t, channel+","+payload, gotChannel+","+got)
	})
}
