package vercel

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/clockwork-timer/backend/e2e/process"
)

// Function is a function that "vercel build" made.
type Function struct {
	Route     string // "/api/timers/active"; "/api/timers" for its index
	Dir       string // its folder
	Bootstrap string // path of the program, if the function is of api/
	Size      int64  // bytes of all files that are deployed with it
}

// Output is what "vercel build" wrote.
type Output struct {
	Functions []Function // sorted by route
	Static    []string   // paths of files that are served unchanged, below the site's root, sorted
}

// project stands for a linked project. The ids need not exist: nothing is sent.
const project = `{"orgId":"team_e2e","projectId":"prj_e2e","settings":{"framework":null}}`

// Build runs "vercel build" in dir, a copy of the tree, as a deployment would.
func (c CLI) Build(ctx context.Context, dir string) (Output, error) {
	link := filepath.Join(dir, ".vercel", "project.json")
	if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
		return Output{}, err
	}
	if err := os.WriteFile(link, []byte(project), 0o644); err != nil {
		return Output{}, err
	}
	// standalone: each program is in its function's folder, not in a shared one.
	build := c.command(dir, "build", "--yes", "--standalone")
	env, err := buildEnv(filepath.Join(dir, c.project))
	if err != nil {
		return Output{}, err
	}
	build.Env = append(build.Env, env...)
	if _, err := process.Run(ctx, build); err != nil {
		return Output{}, err
	}
	return readOutput(filepath.Join(dir, ".vercel", "output"))
}

// buildEnv returns the variables of build.env in a project's settings. The
// platform sets them before it runs "vercel build", which itself ignores them (CLI 64).
func buildEnv(file string) ([]string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var config struct {
		Build struct{ Env map[string]string }
	}
	if err := json.Unmarshal(b, &config); err != nil {
		return nil, fmt.Errorf("decode %s: %w", filepath.Base(file), err)
	}
	var env []string
	for name, value := range config.Build.Env {
		env = append(env, name+"="+value)
	}
	return env, nil
}

// readOutput reads a folder in the format of Vercel's Build Output API, version 3.
func readOutput(dir string) (Output, error) {
	functions := filepath.Join(dir, "functions")
	files, err := listFiles(functions)
	if err != nil {
		return Output{}, fmt.Errorf("read the built functions: %w", err)
	}
	sizes := map[string]int64{}
	for _, name := range files {
		route, _, inFunction := strings.Cut(name, ".func/")
		if !inFunction {
			return Output{}, fmt.Errorf("%s is in no function", name)
		}
		info, err := os.Stat(filepath.Join(functions, name))
		if err != nil {
			return Output{}, err
		}
		sizes[route] += info.Size()
	}
	var out Output
	for route, size := range sizes {
		dir := filepath.Join(functions, filepath.FromSlash(route)+".func")
		out.Functions = append(out.Functions, Function{
			Route:     strings.TrimSuffix("/"+route, "/index"),
			Dir:       dir,
			Bootstrap: filepath.Join(dir, "bootstrap"),
			Size:      size,
		})
	}
	slices.SortFunc(out.Functions, func(a, b Function) int { return strings.Compare(a.Route, b.Route) })
	out.Static, err = listFiles(filepath.Join(dir, "static"))
	return out, err
}

// listFiles returns the regular files below dir, sorted, with slashes.
func listFiles(dir string) ([]string, error) {
	var names []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		names = append(names, filepath.ToSlash(rel))
		return err
	})
	slices.Sort(names)
	return names, err
}
