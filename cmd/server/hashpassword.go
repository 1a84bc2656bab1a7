package main

import (
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/clockwork-timer/backend/pkg/auth/password"
)

// hashPassword reads a password and prints the argon2id hash for AUTH_USERS. From
// a pipe it is the first line; at a terminal it is asked for twice and not shown.
// Questions go to stderr, so that stdout has nothing but the hash.
func hashPassword(stdin io.Reader, stdout, stderr io.Writer) error {
	c := newConsole(stdin, stderr)
	read := c.line
	if c.terminal != nil {
		read = func() (string, error) { return askTwice(stderr, c.hidden) }
	}
	text, err := read()
	if err != nil {
		return fmt.Errorf("read the password: %w", err)
	}
	if err := checkPassword(text); err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, password.New(text).PHC())
	return err
}

func checkPassword(text string) error {
	switch {
	case text == "":
		return errors.New("the password is empty")
	case len(text) > password.MaxLength:
		return fmt.Errorf("the password is longer than %d bytes", password.MaxLength)
	case !utf8.ValidString(text):
		return errors.New("the password is not valid UTF-8, so nobody could log in with it")
	}
	return nil
}

func askTwice(out io.Writer, ask func() ([]byte, error)) (string, error) {
	var typed [2]string
	for i, prompt := range []string{"Password: ", "Once more: "} {
		fmt.Fprint(out, prompt)
		b, err := ask()
		fmt.Fprintln(out)
		if err != nil {
			return "", err
		}
		typed[i] = string(b)
	}
	if typed[0] != typed[1] {
		return "", errors.New("the two passwords differ")
	}
	return typed[0], nil
}
