// Package e2e holds the tests that start real programs (the Vercel CLI, the
// Inngest dev server, our own binaries) and those that hold the tree to its
// conventions. It has no code of its own; what the tests share lies in the
// packages below it. They run as part of "make test", which installs what they
// need, or with "go test ./e2e/...", which then needs Go, Node.js and redis-server.
package e2e
