// Package golden compares a result with a file in testdata, which somebody has read
// and which is an example of the format. The flag -update writes the files.
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

// JSON compares the JSON of a value, or JSON as []byte, with a file, including the
// order of fields.
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

// Text compares a text with a file, which has a new line at its end.
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
