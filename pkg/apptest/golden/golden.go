// Package golden compares what a test got with a file of its testdata that a person has
// read: these files are examples of a format. -update writes them.
package golden

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files")

// JSON compares the JSON of a value, or JSON as []byte, with a file, the order of fields
// too.
func JSON(t testing.TB, file string, got any) {
	t.Helper()
	text, is := got.([]byte)
	if !is {
		var err error
		text, err = json.Marshal(got)
		require.NoError(t, err)
	}
	var indented bytes.Buffer
	require.NoError(t, json.Indent(&indented, text, "", "  "), "%s", text)
	Text(t, file, indented.String())
}

// Text compares a text with a file, which ends with a new line.
func Text(t testing.TB, file, got string) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got+"\n"), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run the test with -update")
	assert.Equal(t, string(want), got+"\n", path)
}
