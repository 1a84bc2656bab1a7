package syncloop

import "time"

// Quicken shortens the times of a test that cannot move the clock.
func (l *Loop) Quicken(lease, floor time.Duration) { l.lock.lease, l.floor = lease, floor }
