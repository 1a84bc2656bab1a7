package vercel

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Config is the part of vercel.json that the tests look at.
type Config struct {
	Framework       json.RawMessage
	BuildCommand    string
	OutputDirectory string
	Rewrites        []struct{ Source, Destination string }
	Functions       map[string]struct{ MaxDuration int }
}

// ReadConfig reads the vercel.json in dir.
func ReadConfig(dir string) (c Config, err error) {
	b, err := os.ReadFile(filepath.Join(dir, "vercel.json"))
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal(b, &c)
}

// Function is the path of the function that Vercel calls for a request, of all that
// there are: a file has precedence over a rewrite.
func (c Config) Function(path string, all []string) string {
	if slices.Contains(all, path) {
		return path
	}
	for _, rewrite := range c.Rewrites {
		pattern := strings.ReplaceAll(rewrite.Source, "/:path*", "(/.*)?")
		if regexp.MustCompile("^" + pattern + "$").MatchString(path) {
			return rewrite.Destination
		}
	}
	return ""
}
