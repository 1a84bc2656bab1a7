package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/doctor"
)

// runDoctor checks the configuration and each service that it names, and prints a
// line for each check. It returns an error if a check failed.
func runDoctor(ctx context.Context, environ []string, stdout io.Writer, o doctor.Options) error {
	variables := config.Environ(environ)
	failures := doctor.Run(ctx, variables, o, doctor.Printer(stdout, coloured(stdout, variables)))
	switch failures {
	case 0:
		return nil
	case 1:
		return errors.New("one check failed")
	}
	return fmt.Errorf("%d checks failed", failures)
}

// coloured reports whether stdout is a terminal that wants colours (no-color.org).
func coloured(stdout io.Writer, environ map[string]string) bool {
	file, ok := stdout.(*os.File)
	return ok && term.IsTerminal(int(file.Fd())) && environ["NO_COLOR"] == "" && environ["TERM"] != "dumb"
}
