package sqlitestore

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzDataSource: a DATABASE_URL names one file and sets nothing but what it
// may, or is refused.
func FuzzDataSource(f *testing.F) {
	for _, s := range []string{"sqlite://clockwork.db", "sqlite:///data/a b.db?synchronous=full", "sqlite://:memory:", "sqlite://x?_pragma=journal_mode(OFF)",
		"sqlite://a%3f_pragma=x", "sqlite://a#b", "sqlite://", "redis", "sqlite://x?synchronous=off", "sqlite://../x?%zz"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, databaseURL string) {
		name, file, err := dataSource(databaseURL)
		if err != nil {
			assert.Empty(t, name)
			return
		}
		path, _, _ := strings.Cut(strings.TrimPrefix(databaseURL, "sqlite://"), "?")
		if file == "" {
			assert.Equal(t, ":memory:", path)
			return
		}
		assert.Equal(t, path, file)
		rest, ok := strings.CutPrefix(name, "file:")
		require.True(t, ok)
		escaped, query, _ := strings.Cut(rest, "?")
		got, err := url.PathUnescape(escaped)
		require.NoError(t, err)
		assert.Equal(t, path, got)
		options, err := url.ParseQuery(query)
		require.NoError(t, err)
		assert.Len(t, options, 1)
		assert.Len(t, options["_pragma"], 4)
		assert.Contains(t, options["_pragma"], "journal_mode(WAL)")
	})
}
