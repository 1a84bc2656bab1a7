package process

import (
	"errors"
	"os/exec"
)

// Chromium returns the path of the machine's Chromium.
func Chromium() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("chromium is needed for this test (Debian package chromium)")
}
