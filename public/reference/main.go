// Command reference writes public/reference.html, the API as a page that people
// read, from public/openapi.yaml. It is run from the module's root, by hand:
//
//	go run ./public/reference
//
// The page is committed, because Vercel serves files; a test fails if it is older
// than the document.
//
// Why not Redoc 2.5 or Scalar 1.46: their bundles are 1.1 and 3.6 MB (328 and
// 993 KB compressed), and this page is 102 KB (15 KB) with the document in it.
// They write style elements and compile functions at run time, so the page would
// need a policy with scripts and inline styles, which today allows no script; and
// they show neither the realtime messages nor the close codes.
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
