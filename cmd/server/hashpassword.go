package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/clockwork-timer/backend/pkg/auth/password"
)

// hashPassword reads a password and prints the argon2id hash that AUTH_USERS
// takes. From a pipe it is the first line; at a terminal it is asked for twice
// and not shown.
func hashPassword(stdin io.Reader, stdout, stderr io.Writer) error {
	read := firstLine
	if file, ok := stdin.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		read = func(io.Reader) (string, error) {
			return askTwice(stderr, func() ([]byte, error) { return term.ReadPassword(int(file.Fd())) })
		}
	}
	text, err := read(stdin)
	if err != nil {
		return err
	}
	switch {
	case text == "":
		return errors.New("the password is empty")
	case len(text) > password.MaxLength:
		return fmt.Errorf("the password is longer than %d bytes", password.MaxLength)
	case !utf8.ValidString(text):
		return errors.New("the password is not UTF-8, which a login has to be")
	}
	_, err = fmt.Fprintln(stdout, password.New(text).PHC())
	return err
}

func firstLine(stdin io.Reader) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(stdin, password.MaxLength+3)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}

// askTwice asks on stderr, so that stdout has nothing but the hash.
func askTwice(stderr io.Writer, ask func() ([]byte, error)) (string, error) {
	var typed [2]string
	for i, prompt := range []string{"Password: ", "Once more: "} {
		fmt.Fprint(stderr, prompt)
		b, err := ask()
		fmt.Fprintln(stderr)
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		typed[i] = string(b)
	}
	if typed[0] != typed[1] {
		return "", errors.New("the two passwords differ")
	}
	return typed[0], nil
}
