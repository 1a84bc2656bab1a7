package process

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"syscall"
)

// Build builds a program of the checkout at root, such as "./cmd/server", and returns
// its path. The program stays in bin/e2e, so that all tests share one build: the go
// command does nothing if it is up to date. race adds the race detector.
func Build(ctx context.Context, root, program string, race bool) (string, error) {
	unlock, err := LockBuilds(root)
	if err != nil {
		return "", err
	}
	defer unlock()
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

// LockBuilds keeps the tests of other packages from building programs of the checkout at
// root until unlock is called, because they write the same files. It waits until they
// have built theirs.
func LockBuilds(root string) (unlock func(), err error) {
	dir := filepath.Join(root, "bin", "e2e")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	lock, err := os.Create(filepath.Join(dir, ".lock"))
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		lock.Close()
		return nil, err
	}
	return func() { lock.Close() }, nil
}
