// Package vercel runs the real Vercel CLI, pinned by the package.json beside
// this file, without an account: "vercel dev" and "vercel build" on a copy of the
// tree, so that the checkout stays as it is.
package vercel

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/clockwork-timer/backend/e2e/process"
)

// CLI is an installed Vercel CLI.
type CLI struct {
	bin     string
	config  string // folder of the CLI's own settings; empty, so that no login is used
	project string // the project's settings, a file in its folder
}

// Install installs the CLI with npm from the lock file in dir (e2e/vercel), unless an
// earlier run has done so. configDir is an empty folder for the CLI's settings.
func Install(ctx context.Context, dir, configDir string) (CLI, error) {
	if err := process.NPM(ctx, dir); err != nil {
		return CLI{}, fmt.Errorf("install the Vercel CLI: %w", err)
	}
	bin, err := filepath.Abs(filepath.Join(dir, "node_modules", ".bin", "vercel"))
	return CLI{bin: bin, config: configDir, project: "vercel.json"}, err
}

// For returns the CLI for projects whose settings are in another file than
// vercel.json.
func (c CLI) For(file string) CLI {
	c.project = file
	return c
}

// command returns a command that runs the CLI in the project folder dir. It has the
// caller's environment, because of Go's and npm's settings.
func (c CLI) command(dir string, args ...string) process.Command {
	return process.Command{
		Path: c.bin,
		Args: append([]string{"--global-config", c.config, "--local-config", c.project, "--no-color"}, args...),
		Dir:  dir,
		Env:  []string{"VERCEL_TELEMETRY_DISABLED=1", "VERCEL_CLI_USE_NATIVE_BINARY=0", "GOFLAGS=-buildvcs=false"},
	}
}
