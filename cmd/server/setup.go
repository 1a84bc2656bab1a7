package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/clockwork-timer/backend/pkg/auth/password"
	"github.com/clockwork-timer/backend/pkg/auth/users"
	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/doctor"
)

const defaultEnvFile = "clockwork.env"

// question asks for a variable whose value only the operator knows.
type question struct {
	variable, help string
	secret         bool
}

// step is some questions, and the doctor's check that tries the answers.
type step struct {
	questions []question
	check     string
}

var steps = []step{
	{check: "redis", questions: []question{
		{"REDIS_URL", "The address of a Redis, with its password: redis://default:PASSWORD@host:6379, or rediss:// over TLS.", true}}},
	{check: "jira", questions: []question{
		{"JIRA_DOMAIN", "The host of your Jira site, such as acme.atlassian.net.", false},
		{"ATLASSIAN_EMAIL", "The e-mail address of a Jira user who may see the team's issues.", false},
		{"ATLASSIAN_API_TOKEN", "An API token of that user: id.atlassian.com > Security > API tokens.", true}}},
	{check: "timers", questions: []question{
		{"JIRA_TENANT_SESSION_TOKEN", "The Jira session of a user who may see the team's timers. In a browser that is logged in to Jira: developer tools > Application > Cookies > tenant.session.token.", true}}},
}

// setUp asks for each variable that a server needs, checks it at once, and writes
// them to file, which only its owner can read. The checks also see environ.
func setUp(ctx context.Context, file string, environ []string, stdin io.Reader, stdout io.Writer, o doctor.Options) error {
	c := newConsole(stdin, stdout)
	if _, err := os.Lstat(file); err == nil {
		if answer, err := c.ask(file+" exists. Overwrite it? [y/N] ", false); err != nil || !strings.EqualFold(answer, "y") {
			return errors.Join(err, fmt.Errorf("%s was left as it is", file))
		}
	}
	variables := map[string]string{}
	for _, s := range steps {
		if err := s.run(ctx, c, config.Environ(environ), variables, o); err != nil {
			return err
		}
	}
	if err := firstUser(c, variables); err != nil {
		return err
	}
	if err := writeEnv(file, variables); err != nil {
		return err
	}
	_, err := fmt.Fprintf(stdout, "\nWrote %s. Start the server with it: docker run -p 3000:3000 --env-file %s -v clockwork:/data clockwork\n", file, file)
	return err
}

// run asks until the check succeeds, or until the operator keeps every answer by
// pressing Enter.
func (s step) run(ctx context.Context, c *console, environ, variables map[string]string, o doctor.Options) error {
	for again := false; ; again = true {
		kept := again
		for _, q := range s.questions {
			prompt := "\n" + q.help + "\n" + q.variable
			if again {
				prompt = q.variable + " (Enter keeps it)"
			}
			value, err := c.ask(prompt+": ", q.secret)
			if err != nil {
				return fmt.Errorf("%s: %w", q.variable, err)
			}
			if value != "" {
				variables[q.variable], kept = value, false
			}
		}
		maps.Copy(environ, variables)
		wrong := s.wrong(environ)
		for _, f := range wrong {
			fmt.Fprintln(c.out, f.Variable, f.Problem)
		}
		if len(wrong) > 0 {
			continue
		}
		o.Only = []string{s.check}
		if kept || doctor.Run(ctx, environ, o, doctor.Printer(c.out, coloured(c.out, nil))) == 0 {
			return nil
		}
	}
}

// wrong lists the answers with which no server would start.
func (s step) wrong(environ map[string]string) (faults []config.Fault) {
	_, err := config.Load(environ)
	all, _ := errors.AsType[*config.Error](err)
	for _, q := range s.questions {
		if environ[q.variable] == "" {
			faults = append(faults, config.Fault{Variable: q.variable, Problem: "is missing"})
		} else if all != nil {
			faults = append(faults, slices.DeleteFunc(slices.Clone(all.Faults), func(f config.Fault) bool { return f.Variable != q.variable })...)
		}
	}
	return faults
}

// firstUser asks for the administrator's username and password, and generates the
// keys.
func firstUser(c *console, variables map[string]string) error {
	name, err := c.ask("\nWho logs in first, as the administrator? Add others to AUTH_USERS later.\nUsername: ", false)
	if err != nil {
		return fmt.Errorf("username: %w", err)
	}
	var text string
	if c.terminal != nil {
		text, err = askTwice(c.out, c.hidden)
	} else {
		fmt.Fprint(c.out, "Password: ")
		text, err = c.line() // white space is part of a password
	}
	if err == nil {
		err = checkPassword(text)
	}
	if err != nil {
		return err
	}
	encoded, err := json.Marshal([]map[string]string{{"username": name, "password_hash": password.New(text).PHC(), "email": variables["ATLASSIAN_EMAIL"], "role": "admin"}})
	if err != nil {
		return err
	}
	if _, err := users.Parse(string(encoded)); err != nil {
		return fmt.Errorf("username: %w", err)
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	variables["AUTH_MODE"], variables["AUTH_USERS"], variables["JWT_SECRET"] = "required", string(encoded), rand.Text()+rand.Text()
	variables["TOKEN_ENCRYPTION_KEY"] = base64.StdEncoding.EncodeToString(key)
	return nil
}

// writeEnv writes the file atomically, in the format of Docker's --env-file.
func writeEnv(file string, variables map[string]string) error {
	temporary, err := os.CreateTemp(filepath.Dir(file), ".clockwork-setup-*") // with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name()) // if it is not renamed
	_, err = fmt.Fprintln(temporary, "# Written by `server setup`. .env.example describes all variables.")
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		if err == nil {
			_, err = fmt.Fprintf(temporary, "%s=%s\n", name, variables[name])
		}
	}
	if err := errors.Join(err, temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), file)
}
