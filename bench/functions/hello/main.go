// Command hello is the smallest Vercel function in Go. The bench compares the built
// functions with it.
package main

import (
	"io"
	"net/http"

	"github.com/vercel/go-bridge/go/bridge"
)

func main() {
	bridge.Start(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"message":"hello"}`)
	}))
}
