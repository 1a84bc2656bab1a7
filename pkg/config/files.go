package config

import (
	"errors"
	"io"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/clockwork-timer/backend/pkg/auth/users"
	"github.com/clockwork-timer/backend/pkg/secret"
)

const (
	fileSuffix  = "_FILE"
	maxFileSize = 16 << 20 // AUTH_USERS with some 50,000 people
)

// FromFile lists the variables whose value can be in a file that NAME_FILE
// names, as containers get their secrets. They are all that hold secrets, and
// AUTH_USERS, which outgrows an environment variable at some 800 people.
func FromFile() []string {
	var names []string
	var walk func(reflect.Type)
	walk = func(t reflect.Type) {
		for field := range t.Fields() {
			switch variable := field.Tag.Get("env"); {
			case variable == "" && field.Type.Kind() == reflect.Struct:
				walk(field.Type)
			case field.Type == reflect.TypeFor[secret.Text](), field.Type == reflect.TypeFor[Key](), field.Type == reflect.TypeFor[users.List]():
				names = append(names, variable)
			}
		}
	}
	walk(reflect.TypeFor[Config]())
	return names
}

// readFiles returns environ with the values that are in files. An empty
// variable counts as unset, as everywhere.
func readFiles(environ map[string]string) (map[string]string, []Fault) {
	environ = maps.Clone(environ)
	var faults []Fault
	for _, name := range FromFile() {
		path := strings.TrimSpace(environ[name+fileSuffix])
		if path == "" {
			continue
		}
		if strings.TrimSpace(environ[name]) != "" {
			faults = append(faults, Fault{name + fileSuffix, "and " + name + " are both set: unset one of them"})
			continue
		}
		value, err := readFile(path)
		if err != nil {
			faults = append(faults, Fault{name + fileSuffix, err.Error()})
			continue
		}
		environ[name] = value
	}
	return environ, faults
}

// readFile returns what a file holds without the newline that editors add. The
// error has neither the path nor the contents.
func readFile(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", errors.New("names a file that cannot be read")
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxFileSize+1))
	switch {
	case err != nil:
		return "", errors.New("names a file that cannot be read")
	case len(content) > maxFileSize:
		return "", errors.New("names a file that is larger than 16 MiB")
	case len(strings.TrimSpace(string(content))) == 0:
		return "", errors.New("names a file that is empty")
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r"), nil
}

// withoutExplained drops the faults of variables that are at fault already, or
// whose file is.
func withoutExplained(faults, known []Fault) []Fault {
	return slices.DeleteFunc(faults, func(f Fault) bool {
		return slices.ContainsFunc(known, func(k Fault) bool { return k.Variable == f.Variable || k.Variable == f.Variable+fileSuffix })
	})
}
