package process

import (
	"context"
	"os"
	"path/filepath"
)

// NPM installs the packages of the lock file in dir, unless that has been done since
// the lock file changed. It runs no scripts of packages: they would download what no
// test uses.
func NPM(ctx context.Context, dir string) error {
	wanted, err := os.Stat(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		return err
	}
	had, err := os.Stat(filepath.Join(dir, "node_modules", ".package-lock.json"))
	if err == nil && !had.ModTime().Before(wanted.ModTime()) {
		return nil
	}
	_, err = Run(ctx, Command{Path: "npm", Args: []string{"ci", "--ignore-scripts", "--prefer-offline"}, Dir: dir})
	return err
}
