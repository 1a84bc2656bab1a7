package idempotency

import "time"

// A machine may pause in a test for longer than a request would wait.
func init() { storeTimeout = time.Minute }
