package config_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/caarlos0/env/v11"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/config"
)

// setByVercel are variables that nobody writes by hand.
var setByVercel = []string{"VERCEL_ENV", "VERCEL_GIT_COMMIT_SHA", "VERCEL_PROJECT_PRODUCTION_URL"}

func TestExampleFileNamesEveryVariable(t *testing.T) {
	fields, err := env.GetFieldParams(&config.Config{})
	require.NoError(t, err)
	var read []string
	for _, f := range fields {
		read = append(read, f.Key)
	}
	example, err := os.ReadFile("../../.env.example")
	require.NoError(t, err)
	var named []string
	for _, match := range regexp.MustCompile(`(?m)^(?:# )?([A-Z_]+)=`).FindAllSubmatch(example, -1) {
		named = append(named, string(match[1]))
	}
	fromFiles := regexp.MustCompile(`(?m)^# _FILE: (.+)$`).FindAllSubmatch(example, -1)
	var inFiles []string
	for _, line := range fromFiles {
		inFiles = append(inFiles, strings.Fields(string(line[1]))...)
	}
	assert.ElementsMatch(t, config.FromFile(), inFiles, "left: read from files too, right: named after _FILE: in .env.example")
	assert.NotRegexp(t, `(?m)^AUTH_MODE=`, string(example), "who copies the file has decided nothing")
	assert.ElementsMatch(t, read, append(named, setByVercel...), "left: read by the code, right: named in .env.example")
}
