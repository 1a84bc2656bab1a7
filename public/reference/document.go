package main

import (
	"path"
	"slices"

	"go.yaml.in/yaml/v3"
)

// The part of OpenAPI that the product's document uses.
type (
	openAPI struct {
		Info struct{ Title, Version, Summary, Description string }
		Tags []struct{ Name, Description string }

		Paths      ordered[pathItem]
		Components struct {
			SecuritySchemes ordered[struct{ Type, Scheme, In, Name, Description string }] `yaml:"securitySchemes"`
			Parameters      ordered[parameter]
			Headers         ordered[header]
			Responses       ordered[response]
			Schemas         ordered[schema]
		}
	}
	pathItem struct {
		Description    string
		Get, Post, Put *operation
	}
	operation struct {
		OperationID          string `yaml:"operationId"`
		Summary, Description string
		Tags                 []string
		Security             []ordered[[]string]
		Parameters           []parameter
		RequestBody          struct{ Content ordered[media] } `yaml:"requestBody"`
		Responses            ordered[response]
		Messages             struct{ Sent, Received []schema } `yaml:"x-messages"`
		CloseCodes           ordered[string]                   `yaml:"x-close-codes"`
	}
	parameter struct {
		Ref                   string `yaml:"$ref"`
		Name, In, Description string
		Required              bool
		Schema                schema
	}
	header struct {
		Ref         string `yaml:"$ref"`
		Description string
		Schema      schema
	}
	response struct {
		Ref         string `yaml:"$ref"`
		Description string
		Headers     ordered[header]
		Content     ordered[media]
	}
	media struct {
		Schema  schema
		Example yaml.Node
	}
	schema struct {
		Ref                            string `yaml:"$ref"`
		Description                    string
		Type                           words
		Format, Pattern                string
		Const                          any
		Enum                           []any
		Default                        any
		Minimum, Maximum               *int
		MinLength, MaxLength, MaxItems *int
		Items                          *schema
		Properties                     ordered[schema]
		AdditionalProperties           yaml.Node `yaml:"additionalProperties"`
		Required                       []string
		OneOf                          []schema `yaml:"oneOf"`
		AnyOf                          []schema `yaml:"anyOf"`
		AllOf                          []schema `yaml:"allOf"`
		Examples                       []yaml.Node
	}
)

// words is one text or a list of texts.
type words []string

// UnmarshalYAML reads either.
func (w *words) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		*w = words{node.Value}
		return nil
	}
	return node.Decode((*[]string)(w))
}

// route is an operation and its address.
type route struct {
	Method, Path, About string
	*operation
}

// ID is the anchor of the operation in the page.
func (r route) ID() string { return r.OperationID }

// routes lists the operations of a tag.
func (d *openAPI) routes(tag string) []route {
	var all []route
	for _, p := range d.Paths {
		for _, r := range []route{{"GET", p.Name, p.Value.Description, p.Value.Get}, {"POST", p.Name, p.Value.Description, p.Value.Post}, {"PUT", p.Name, p.Value.Description, p.Value.Put}} {
			if r.operation != nil && slices.Contains(r.Tags, tag) {
				all = append(all, r)
			}
		}
	}
	return all
}

// parameter returns what p refers to, or p itself if it is no reference.
func (d *openAPI) parameter(p parameter) parameter {
	if p.Ref != "" {
		return d.Components.Parameters.Get(path.Base(p.Ref))
	}
	return p
}

func (d *openAPI) response(r response) response {
	if r.Ref != "" {
		return d.Components.Responses.Get(path.Base(r.Ref))
	}
	return r
}

// codes lists the error codes that an answer may have.
func (d *openAPI) codes(r response) (all []any) {
	for _, part := range d.response(r).Content.Get("application/json").Schema.AllOf {
		all = append(all, part.Properties.Get("error").Enum...)
	}
	return all
}

func (d *openAPI) named(s schema) schema {
	if s.Ref != "" {
		return d.Components.Schemas.Get(path.Base(s.Ref))
	}
	return s
}
