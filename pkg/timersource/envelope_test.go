package timersource

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/clockwork"
	"github.com/clockwork-timer/backend/pkg/internal/jsonread"
	"github.com/clockwork-timer/backend/pkg/timer"
)

const innerPage = `{"timers":[],"total":0}`

// openPage opens a body of Forge's.
func openPage(body string) (clockwork.TimersPage, error) {
	r := jsonread.New(body)
	e := readEnvelope(r, 0)
	if err := r.End(); err != nil {
		return clockwork.TimersPage{}, fmt.Errorf("%w: %w", ErrUnknownShape, err)
	}
	return e.open()
}

func TestUnwrap(t *testing.T) {
	tests := []struct{ name, in string }{
		{"bare", innerPage},
		{"current", `{"success":true,"payload":{"status":200,"headers":{"name":["v"]},"body":` + innerPage + `}}`},
		{"flat", `{"status":200,"headers":{},"body":` + innerPage + `}`},
		{"nested", `{"headers":{},"body":{"success":true,"payload":{"status":200,"body":` + innerPage + `}}}`},
		{"whole-as-text", strconv.Quote(`{"success":true,"payload":{"status":200,"body":` + innerPage + `}}`)},
		{"body-as-text", `{"success":true,"payload":{"status":200,"body":` + strconv.Quote(innerPage) + `}}`},
		{"text-in-text", strconv.Quote(`{"status":200,"body":` + strconv.Quote(innerPage) + `}`)},
		{"status-as-text", `{"status":"200","body":` + innerPage + `}`},
		{"null-payload", `{"success":true,"payload":null,"body":` + innerPage + `}`},
		{"four-deep", `{"body":{"body":{"body":{"body":` + innerPage + `}}}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := openPage(tt.in)
			require.NoError(t, err)
			assert.Equal(t, clockwork.TimersPage{Timers: []timer.Timer{}, IsLast: true}, got)
		})
	}
}

func TestUnwrapRefusesWhatItDoesNotKnow(t *testing.T) {
	tests := []struct{ name, in string }{
		{"empty", ""},
		{"null", "null"},
		{"number", "7"},
		{"list", "[]"},
		{"html", "<html>"},
		{"html-as-text", `"<html>"`},
		{"other-names", `{"result":{"items":[]}}`},
		{"half", `{"status":200,"body":{"timers":[`},
		{"success-as-text", `{"success":"yes","body":` + innerPage + `}`},
		{"status-as-word", `{"status":"ok","body":` + innerPage + `}`},
		{"no-body", `{"status":200}`},
		{"five-deep", `{"body":{"body":{"body":{"body":{"body":` + innerPage + `}}}}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := openPage(tt.in)
			assert.ErrorIs(t, err, ErrUnknownShape)
		})
	}
}

func TestUnwrapFindsARefusalAtEveryLevel(t *testing.T) {
	tests := []struct {
		name, in string
		want     remoteError
	}{
		{"inner-status", `{"success":true,"payload":{"status":401,"headers":{},"body":{"message":"bad token"}}}`, remoteError{status: 401, message: "bad token"}},
		{"outer-status-with-timers", `{"status":503,"body":` + innerPage + `}`, remoteError{status: 503}},
		{"status-beside-timers", `{"status":500,"timers":[]}`, remoteError{status: 500}},
		{"no-success-beside-timers", `{"success":false,"timers":[]}`, remoteError{}},
		{"success-false", `{"success":false,"payload":{"error_message":"no"}}`, remoteError{message: "no"}},
		{"success-false-and-a-status-within", `{"success":false,"payload":{"status":404,"body":"{\"code\":\"GONE\",\"message\":\"no such path\"}"}}`,
			remoteError{status: 404, code: "GONE", message: "no such path"}},
		{"nested", `{"body":{"success":true,"payload":{"status":429,"headers":{"Retry-After":["7"]},"body":"<html>"}}}`,
			remoteError{status: 429, header: http.Header{"Retry-After": {"7"}}}},
		{"header-as-text", `{"status":429,"headers":{"retry-after":"7"}}`, remoteError{status: 429, header: http.Header{"Retry-After": {"7"}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := openPage(tt.in)
			var got *remoteError
			require.ErrorAs(t, err, &got)
			if tt.want.header == nil {
				tt.want.header = http.Header{}
			}
			assert.Equal(t, tt.want, *got)
		})
	}
}

func FuzzUnwrap(f *testing.F) {
	for _, s := range []string{innerPage, `{"success":true,"payload":{"status":200,"body":` + innerPage + `}}`, strconv.Quote(innerPage),
		`{"headers":{"a":[1]},"body":{"success":false,"payload":{"status":"500"}}}`, `"\"{}\""`, strings.Repeat(`{"body":`, 9)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := openPage(string(body))
		if err != nil {
			_, ok := errors.AsType[*remoteError](err)
			assert.True(t, errors.Is(err, ErrUnknownShape) || ok)
			return
		}
		assert.NotNil(t, got.Timers)
	})
}
