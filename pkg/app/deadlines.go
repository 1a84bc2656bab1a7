package app

import (
	"time"

	"github.com/clockwork-timer/backend/pkg/config"
)

// Deadlines bound what a request waits for. A zero field is its default.
type Deadlines struct {
	Request   time.Duration // a whole request
	Redis     time.Duration // one command
	SendEvent time.Duration // an event to Inngest, its second attempt included
	Names     time.Duration // names from Jira that an answer can do without
	Check     time.Duration // one dependency's check of a deep health
}

// namesTimeout keeps a started timer visible within two seconds or so while
// Jira hangs: its summary can come with the next snapshot.
const namesTimeout = 2 * time.Second

// checkTimeout bounds each dependency's check.
const checkTimeout = 5 * time.Second

func (d Deadlines) withDefaults() Deadlines {
	for _, field := range []struct {
		value    *time.Duration
		contract time.Duration
	}{
		{&d.Request, config.RequestTimeout},
		{&d.Redis, config.RedisTimeout},
		{&d.SendEvent, config.SendEventTimeout},
		{&d.Names, namesTimeout},
		{&d.Check, checkTimeout},
	} {
		if *field.value <= 0 {
			*field.value = field.contract
		}
	}
	return d
}
