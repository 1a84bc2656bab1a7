package main

import "go.yaml.in/yaml/v3"

// ordered is a mapping in the order in which it was written.
type ordered[T any] []entry[T]

type entry[T any] struct {
	Name  string
	Value T
}

// UnmarshalYAML reads a mapping; what it merges comes first.
func (o *ordered[T]) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, value := node.Content[i], node.Content[i+1]
		if name.Value == "<<" {
			if err := o.UnmarshalYAML(value); err != nil {
				return err
			}
			continue
		}
		e := entry[T]{Name: name.Value}
		if err := value.Decode(&e.Value); err != nil {
			return err
		}
		*o = append(*o, e)
	}
	return nil
}

// Get returns the value of a name, or the zero value.
func (o ordered[T]) Get(name string) (value T) {
	for _, e := range o {
		if e.Name == name {
			return e.Value
		}
	}
	return value
}
