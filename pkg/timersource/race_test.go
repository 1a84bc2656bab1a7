//go:build race

package timersource

// underRace shortens what the race detector makes slow.
const underRace = true
