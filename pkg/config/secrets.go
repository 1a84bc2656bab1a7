package config

import (
	"reflect"
	"slices"
	"strings"

	"github.com/clockwork-timer/backend/pkg/secret"
)

// Secrets lists every secret that is set and long enough to be masked in texts.
func (c *Config) Secrets() []secret.Text {
	found := secretsIn(reflect.ValueOf(*c))
	keys := strings.Split(c.TokenEncryptionKey.text.Reveal(), ",")
	for _, one := range slices.Concat(c.Auth.JWTSecrets(), keys) {
		found = append(found, secret.New(one))
	}
	for _, field := range c.Telemetry.Fields() {
		for _, word := range append(strings.Fields(field), field) { // "Bearer " is none
			found = append(found, secret.New(word))
		}
	}
	return slices.DeleteFunc(found, func(s secret.Text) bool { return len(s.Reveal()) < secret.Shortest })
}

// secretsIn walks the exported fields of the structs of this package.
func secretsIn(v reflect.Value) []secret.Text {
	if v.Type() == reflect.TypeFor[secret.Text]() {
		return []secret.Text{v.Interface().(secret.Text)}
	}
	if v.Kind() != reflect.Struct || v.Type().PkgPath() != reflect.TypeFor[Config]().PkgPath() {
		return nil
	}
	var found []secret.Text
	for field, value := range v.Fields() {
		if field.IsExported() {
			found = append(found, secretsIn(value)...)
		}
	}
	return found
}
