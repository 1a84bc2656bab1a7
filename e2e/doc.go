// Package e2e has the tests that start real programs (the Vercel CLI, the Inngest dev
// server, our own binaries), and those that check the tree's conventions. It has no
// code of its own; what the tests share is in the packages below it. "make test"
// installs what they need and runs them. "go test ./e2e/..." then needs Go, Node.js
// and redis-server.
package e2e
