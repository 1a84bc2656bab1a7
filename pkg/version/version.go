// Package version holds the product's version. Health, "server --version" and
// the User-Agent of calls to other servers show it.
package version

// Number is the newest entry of CHANGELOG.md.
const Number = "0.9.0"

// UserAgent names this backend to the servers that it calls.
const UserAgent = "clockwork-timers/" + Number
