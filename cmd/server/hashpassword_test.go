package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/auth/password"
	"github.com/clockwork-timer/backend/pkg/auth/users"
)

// hash-password needs no configuration, and prints a hash for AUTH_USERS.
func TestHashPassword(t *testing.T) {
	for name, typed := range map[string]string{"line": "correct horse \n", "windows-line": "correct horse \r\n", "no-line-end": "correct horse ", "more-lines": "correct horse \nanother\n"} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			require.NoError(t, run(context.Background(), []string{"hash-password"}, nil, strings.NewReader(typed), &stdout, &stderr))
			assert.Empty(t, stderr.String())
			list, err := users.Parse(`[{"username":"an","password_hash":"` + strings.TrimSuffix(stdout.String(), "\n") + `"}]`)
			require.NoError(t, err)
			_, hash, found := list.Find("an")
			require.True(t, found)
			assert.True(t, hash.Matches("correct horse "), "white space is part of the password")
		})
	}
}

func TestHashPasswordRefuses(t *testing.T) {
	tests := []struct {
		name  string
		stdin io.Reader
		want  string
	}{
		{"nothing", strings.NewReader(""), "read the password: the input ended before an answer"},
		{"empty-line", strings.NewReader("\nx"), "the password is empty"},
		{"over-long", strings.NewReader(strings.Repeat("x", password.MaxLength+1)), "the password is longer than 1024 bytes"},
		{"endless", endless{}, "read the password: the answer is too long"},
		{"not-utf-8", strings.NewReader("\xff\xfe\n"), "the password is not valid UTF-8, so nobody could log in with it"},
		{"broken", iotest.ErrReader(errors.New("disk gone")), "read the password: disk gone"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stdout bytes.Buffer
			err := run(context.Background(), []string{"hash-password"}, nil, tt.stdin, &stdout, io.Discard)
			require.EqualError(t, err, tt.want)
			assert.Empty(t, stdout.String())
		})
	}
}

type endless struct{}

func (endless) Read(b []byte) (int, error) { return copy(b, bytes.Repeat([]byte("x"), len(b))), nil }

func TestAskTwice(t *testing.T) {
	answers := func(all ...string) func() ([]byte, error) {
		return func() ([]byte, error) {
			if len(all) == 0 {
				return nil, io.ErrUnexpectedEOF
			}
			next := all[0]
			all = all[1:]
			return []byte(next), nil
		}
	}
	var stderr bytes.Buffer
	got, err := askTwice(&stderr, answers("secret", "secret"))
	require.NoError(t, err)
	assert.Equal(t, "secret", got)
	assert.Equal(t, "Password: \nOnce more: \n", stderr.String())

	_, err = askTwice(io.Discard, answers("secret", "secrets"))
	require.EqualError(t, err, "the two passwords differ")
	_, err = askTwice(io.Discard, answers("secret"))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}
