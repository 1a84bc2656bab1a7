package process

import (
	"context"
	"path"
	"path/filepath"
)

// Build builds a program of the checkout at root, such as "./cmd/server", and returns
// its path. It stays in bin/e2e: for a program that is up to date there the go command
// does nothing, so that all tests share one build. With race it has the race detector.
func Build(ctx context.Context, root, program string, race bool) (string, error) {
	name, args := path.Base(program), []string{"build", "-buildvcs=false"}
	if race {
		name, args = name+"-race", append(args, "-race")
	}
	bin, err := filepath.Abs(filepath.Join(root, "bin", "e2e", name))
	if err != nil {
		return "", err
	}
	_, err = Run(ctx, Command{Path: "go", Args: append(args, "-o", bin, program), Dir: root})
	return bin, err
}
