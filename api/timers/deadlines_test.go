package timers_test

import (
	"time"

	"github.com/clockwork-timer/backend/pkg/app"
)

// shortDeadlines are the contract's in small, for what waits until they end.
var shortDeadlines = app.Deadlines{
	Request: 2 * time.Second, SendEvent: 300 * time.Millisecond,
}
