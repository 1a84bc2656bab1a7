// Command reference writes public/reference.html, the API as a page that people
// read, from public/openapi.yaml. It is run from the module's root, by hand:
//
//	go run ./public/reference
//
// The page is a file of the tree, since Vercel serves files; a test says when
// it is older than the document.
package main

import (
	"fmt"
	"os"
)

const (
	document = "public/openapi.yaml"
	page     = "public/reference.html"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "reference:", err)
		os.Exit(1)
	}
}

func run() error {
	text, err := os.ReadFile(document)
	if err != nil {
		return err
	}
	html, err := render(text)
	if err != nil {
		return err
	}
	return os.WriteFile(page, html, 0o644)
}
