package vercel

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Tree copies the checkout to a folder that is deleted when the test ends. Only one
// test may use it at a time. The folder is always the same, so that the go command
// finds in its cache what an earlier test compiled, and killed tests leave only one
// copy behind. It is hidden from tests that search the module's files.
func Tree(ctx context.Context, t interface{ Cleanup(func()) }, root string) (string, error) {
	dir, err := filepath.Abs(filepath.Join(root, "bin", "e2e", ".tree"))
	if err != nil {
		return "", err
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir, errors.Join(os.RemoveAll(dir), copyTree(ctx, root, dir))
}

// copyTree copies what "vercel deploy" would upload from the checkout root into
// the empty folder dst: tracked files and new ones, without what .gitignore names.
func copyTree(ctx context.Context, root, dst string) error {
	// safe.directory: in CI the checkout may belong to another user.
	git := exec.CommandContext(ctx, "git", "-c", "safe.directory=*",
		"ls-files", "-z", "--cached", "--others", "--exclude-standard")
	git.Dir = root
	list, err := git.Output()
	if err != nil {
		return fmt.Errorf("list the tree with git: %w", err)
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(list), "\x00"), "\x00") {
		err := copyFile(filepath.Join(root, name), filepath.Join(dst, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // deleted, not yet committed
			return fmt.Errorf("copy the tree: %w", err)
		}
	}
	return nil
}

func copyFile(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o644)
}
