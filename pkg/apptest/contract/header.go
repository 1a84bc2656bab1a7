package contract

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// plain are headers of HTTP itself, and headers that protect every answer. They do
// not depend on the operation.
var plain = []string{
	"Cache-Control", "Connection", "Content-Length", "Content-Type", "Date", "Vary",
	"Content-Security-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "Permissions-Policy", "Referrer-Policy",
	"Strict-Transport-Security", "X-Content-Type-Options",
	"Sec-Websocket-Accept", "Sec-Websocket-Extensions", "Sec-Websocket-Protocol", "Upgrade", "X-Accel-Buffering",
}

// checkHeaders compares an answer's headers with those of the response in the
// document.
func (d *Document) checkHeaders(pointer string, response map[string]any, header http.Header) error {
	var all []error
	named, _ := response["headers"].(map[string]any)
	documented := slices.Clone(plain)
	for name, node := range named {
		documented = append(documented, http.CanonicalHeaderKey(name))
		if name == "Set-Cookie" {
			continue // there may be several, in a format for browsers
		}
		if err := d.checkHeader(pointer+"/headers/"+escape(name), node.(map[string]any), header.Values(name)); err != nil {
			all = append(all, fmt.Errorf("%s: %w", name, err))
		}
	}
	for name := range header {
		if !slices.Contains(documented, name) && !strings.HasPrefix(name, "Access-Control-") {
			all = append(all, fmt.Errorf("%s is a header that the document does not know", name))
		}
	}
	return errors.Join(all...)
}

func (d *Document) checkHeader(pointer string, node map[string]any, values []string) error {
	pointer, node, err := d.resolve(pointer, node)
	switch {
	case err != nil:
		return err
	case len(values) > 1:
		return errors.New("there more than once")
	case len(values) == 0 && node["required"] == true:
		return errors.New("missing")
	case len(values) == 0:
		return nil
	}
	var value any = values[0]
	if schema, _ := node["schema"].(map[string]any); schema["type"] == "integer" {
		if value, err = strconv.Atoi(values[0]); err != nil {
			return err
		}
	}
	return d.check(pointer+"/schema", value)
}
