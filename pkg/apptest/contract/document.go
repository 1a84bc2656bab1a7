// Package contract compares answers and realtime messages with public/openapi.yaml,
// for tests. A status, field, header or error code that the document does not have is
// a mistake in one of the two.
package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/clockwork-timer/backend/public"
)

// Document is an OpenAPI 3.1 document.
type Document struct {
	root       map[string]any
	operations []Operation
	compiler   *jsonschema.Compiler

	mu      sync.Mutex
	schemas map[string]*jsonschema.Schema // by JSON pointer
}

// Operation is one method of one path.
type Operation struct {
	Method string
	Path   string // /api/issues/{key}
	ID     string
	// Errors lists the error codes by status.
	Errors map[string][]string

	pointer string
	node    map[string]any
}

// name is the document's name in the schema compiler.
const name = "openapi.json"

// Load reads the product's document, once per process.
var Load = sync.OnceValues(func() (*Document, error) { return Parse(public.OpenAPI) })

// Parse reads a document.
func Parse(text []byte) (*Document, error) {
	var tree any
	if err := yaml.Unmarshal(text, &tree); err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	encoded, err := json.Marshal(tree)
	if err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	plain, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded))
	if err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	root, ok := plain.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("openapi: the document is not an object")
	}
	d := &Document{root: root, compiler: jsonschema.NewCompiler(), schemas: map[string]*jsonschema.Schema{}}
	d.compiler.DefaultDraft(jsonschema.Draft2020)
	d.compiler.AssertFormat()
	d.operations = d.readOperations()
	return d, d.compiler.AddResource(name, plain)
}

// methods are the methods that an operation may have.
var methods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodHead, http.MethodOptions}

// Operations lists the document's operations by path and method.
func (d *Document) Operations() []Operation { return d.operations }

func (d *Document) readOperations() []Operation {
	var all []Operation
	paths, _ := d.root["paths"].(map[string]any)
	for path, item := range paths {
		item, _ := item.(map[string]any)
		for _, method := range methods {
			node, ok := item[strings.ToLower(method)].(map[string]any)
			if !ok {
				continue
			}
			o := Operation{Method: method, Path: path, Errors: map[string][]string{}, node: node,
				pointer: "#/paths/" + escape(path) + "/" + strings.ToLower(method)}
			o.ID, _ = node["operationId"].(string)
			for _, status := range o.Statuses() {
				if codes := d.codes(o.pointer + "/responses/" + status); len(codes) > 0 {
					o.Errors[status] = codes
				}
			}
			all = append(all, o)
		}
	}
	slices.SortFunc(all, func(a, b Operation) int { return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method) })
	return all
}

// codes returns the error codes of a response, which its schema adds to the schema of
// all errors.
func (d *Document) codes(pointer string) []string {
	_, response, err := d.resolve("", map[string]any{"$ref": pointer})
	if err != nil {
		return nil
	}
	at := func(node any, names ...string) any {
		for _, name := range names {
			object, _ := node.(map[string]any)
			node = object[name]
		}
		return node
	}
	parts, _ := at(response, "content", "application/json", "schema", "allOf").([]any)
	var all []string
	for _, part := range parts {
		enum, _ := at(part, "properties", "error", "enum").([]any)
		for _, code := range enum {
			all = append(all, code.(string))
		}
	}
	return all
}

// Statuses lists the statuses that the operation may answer with.
func (o Operation) Statuses() []string {
	responses, _ := o.node["responses"].(map[string]any)
	var all []string
	for status := range responses {
		all = append(all, status)
	}
	slices.Sort(all)
	return all
}

// find returns the operation of a request. known reports whether the document has its
// path.
func (d *Document) find(method, path string) (operation Operation, found, known bool) {
	template := d.template(path)
	for _, o := range d.operations {
		if o.Path == template && o.Method == method {
			return o, true, true
		}
	}
	return Operation{}, false, template != ""
}

// template returns the document's path for a request's path, or "". A path without
// parameters has precedence.
func (d *Document) template(path string) string {
	paths, _ := d.root["paths"].(map[string]any)
	if _, literal := paths[path]; literal {
		return path
	}
	for template := range paths {
		before, rest, has := strings.Cut(template, "{")
		_, after, _ := strings.Cut(rest, "}")
		value, ok := strings.CutPrefix(path, before)
		if value = strings.TrimSuffix(value, after); has && ok && value != "" && !strings.Contains(value, "/") {
			return template
		}
	}
	return ""
}

// escape escapes a part of a JSON pointer (RFC 6901).
func escape(token string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(token) }

// resolve follows $ref, if node has one, and returns the target and its pointer.
func (d *Document) resolve(pointer string, node map[string]any) (string, map[string]any, error) {
	ref, ok := node["$ref"].(string)
	if !ok {
		return pointer, node, nil
	}
	var at any = d.root
	for token := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		object, ok := at.(map[string]any)
		if !ok {
			return "", nil, fmt.Errorf("%s does not exist", ref)
		}
		at = object[strings.NewReplacer("~1", "/", "~0", "~").Replace(token)]
	}
	target, ok := at.(map[string]any)
	if !ok {
		return "", nil, fmt.Errorf("%s does not exist", ref)
	}
	return d.resolve(ref, target)
}

// check validates a value with the schema at a pointer.
func (d *Document) check(pointer string, value any) error {
	d.mu.Lock()
	schema, ok := d.schemas[pointer]
	if !ok {
		var err error
		if schema, err = d.compiler.Compile(name + pointer); err != nil {
			d.mu.Unlock()
			return err
		}
		d.schemas[pointer] = schema
	}
	d.mu.Unlock()
	return schema.Validate(value)
}

// Enum lists the values of a schema that is an enumeration.
func (d *Document) Enum(schema string) []any {
	_, node, err := d.resolve("", map[string]any{"$ref": "#/components/schemas/" + schema})
	if err != nil {
		return nil
	}
	values, _ := node["enum"].([]any)
	return values
}
