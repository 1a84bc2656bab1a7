package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// maxLine bounds an answer, in bytes. The longest is a session cookie, of some 4 KiB.
const maxLine = 64 << 10

// console asks questions. A terminal does not echo secret answers.
type console struct {
	in       io.Reader
	out      io.Writer
	terminal *os.File // nil if in is not a terminal
}

func newConsole(in io.Reader, out io.Writer) *console {
	c := &console{in: in, out: out}
	if file, ok := in.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		c.terminal = file
	}
	return c
}

func (c *console) ask(prompt string, secret bool) (string, error) {
	fmt.Fprint(c.out, prompt)
	if !secret || c.terminal == nil {
		line, err := c.line()
		return strings.TrimSpace(line), err
	}
	answer, err := c.hidden()
	fmt.Fprintln(c.out)
	return strings.TrimSpace(string(answer)), err
}

func (c *console) hidden() ([]byte, error) { return term.ReadPassword(int(c.terminal.Fd())) }

// line reads byte by byte, because term.ReadPassword may have to read what comes
// after the line.
func (c *console) line() (string, error) {
	var line []byte
	for one := make([]byte, 1); len(line) < maxLine; {
		n, err := c.in.Read(one)
		switch {
		case n > 0 && one[0] == '\n':
			return strings.TrimSuffix(string(line), "\r"), nil
		case n > 0:
			line = append(line, one[0])
		case errors.Is(err, io.EOF) && len(line) > 0:
			return string(line), nil
		case errors.Is(err, io.EOF):
			return "", errors.New("the input ended before an answer")
		case err != nil:
			return "", err
		}
	}
	return "", errors.New("the answer is too long")
}
