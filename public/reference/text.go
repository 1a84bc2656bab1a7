package main

import (
	"encoding/json"
	"fmt"
	"html"
	"html/template"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// prose turns a description into HTML: paragraphs, and `code`.
func prose(text string) template.HTML {
	var b strings.Builder
	for paragraph := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		if paragraph != "" {
			b.WriteString("<p>" + string(inline(paragraph)) + "</p>")
		}
	}
	return template.HTML(b.String()) // inline escapes
}

// inline is prose without paragraphs.
func inline(text string) template.HTML {
	var b strings.Builder
	for i, part := range strings.Split(text, "`") {
		if i%2 == 1 {
			b.WriteString("<code>" + html.EscapeString(part) + "</code>")
		} else {
			b.WriteString(html.EscapeString(part))
		}
	}
	return template.HTML(b.String()) // escaped above
}

// kind says in a few words what a schema allows, with links to those that have
// a name.
func kind(s schema) template.HTML {
	var alternatives []string
	switch {
	case s.Ref != "":
		name := html.EscapeString(path.Base(s.Ref))
		alternatives = []string{fmt.Sprintf(`<a href="#%[1]s">%[1]s</a>`, name)}
	case s.Const != nil:
		alternatives = []string{literal(s.Const)}
	case len(s.Enum) > 0:
		for _, value := range s.Enum {
			alternatives = append(alternatives, literal(value))
		}
	case s.Items != nil:
		alternatives = []string{"list of " + string(kind(*s.Items))}
	}
	for _, one := range append(slices.Clone(s.OneOf), s.AnyOf...) {
		alternatives = append(alternatives, string(kind(one)))
	}
	if len(alternatives) == 0 {
		alternatives = typed(s)
	}
	said := strings.Join(alternatives, " or ")
	if bounds := bounds(s); bounds != "" {
		said += ", " + bounds
	}
	return template.HTML(said) // made of escaped parts
}

func literal(value any) string { return "<code>" + html.EscapeString(fmt.Sprint(value)) + "</code>" }

// formats are how people call a text of a format.
var formats = map[string]string{"date-time": "time", "date": "date, YYYY-MM-DD", "email": "e-mail address", "uri": "URL"}

func typed(s schema) []string {
	if len(s.Type) == 0 {
		return []string{"any"}
	}
	var names []string
	for _, name := range s.Type {
		switch known := formats[s.Format]; {
		case name == "string" && known != "":
			names = append(names, known)
		case name == "string":
			names = append(names, "text")
		default:
			names = append(names, map[string]string{"integer": "whole number", "array": "list"}[name]+strings.NewReplacer("integer", "", "array", "").Replace(name))
		}
	}
	return names
}

func bounds(s schema) string {
	var said []string
	switch {
	case s.Minimum != nil && s.Maximum != nil:
		said = append(said, fmt.Sprintf("%d to %d", *s.Minimum, *s.Maximum))
	case s.Minimum != nil && *s.Minimum > 0:
		said = append(said, fmt.Sprintf("at least %d", *s.Minimum))
	}
	if s.MaxLength != nil {
		said = append(said, fmt.Sprintf("at most %d characters", *s.MaxLength))
	}
	if s.MaxItems != nil {
		said = append(said, fmt.Sprintf("at most %d", *s.MaxItems))
	}
	if s.Default != nil {
		said = append(said, "default "+html.EscapeString(fmt.Sprint(s.Default)))
	}
	return strings.Join(said, ", ")
}

// example is a value as JSON.
func example(node yaml.Node) (string, error) {
	if node.IsZero() {
		return "", nil
	}
	var b strings.Builder
	err := indent(&b, &node, "")
	return b.String(), err
}

// indent writes a node as JSON in the order in which it was written.
func indent(b *strings.Builder, node *yaml.Node, margin string) error {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	deeper := margin + "  "
	opening, closing, step := "[", "]", 1
	switch node.Kind {
	case yaml.MappingNode:
		opening, closing, step = "{", "}", 2
	case yaml.SequenceNode:
	default:
		var value any
		if err := node.Decode(&value); err != nil {
			return err
		}
		encoder := json.NewEncoder(trimmed{b})
		encoder.SetEscapeHTML(false)
		return encoder.Encode(value)
	}
	if len(node.Content) == 0 {
		b.WriteString(opening + closing)
		return nil
	}
	b.WriteString(opening)
	for i := 0; i < len(node.Content); i += step {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n" + deeper)
		if step == 2 {
			fmt.Fprintf(b, "%q: ", node.Content[i].Value)
		}
		if err := indent(b, node.Content[i+step-1], deeper); err != nil {
			return err
		}
	}
	b.WriteString("\n" + margin + closing)
	return nil
}

// trimmed leaves out the new line with which an encoder ends.
type trimmed struct{ *strings.Builder }

func (t trimmed) Write(p []byte) (int, error) {
	_, err := t.WriteString(strings.TrimSuffix(string(p), "\n"))
	return len(p), err
}
