package ratelimit

import "time"

// A machine may pause in a test for longer than a request would be held up.
func init() { askTimeout = time.Minute }
