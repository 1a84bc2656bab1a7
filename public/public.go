// Package public holds what people and programs that call the API may read of
// it: the OpenAPI document.
package public

import _ "embed"

// OpenAPI is the OpenAPI 3.1 document of every route and realtime message, in
// YAML.
//
//go:embed openapi.yaml
var OpenAPI []byte
