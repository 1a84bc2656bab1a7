package tcp

// The bounds that together say how soon a dead subscription is noticed.
const (
	DefaultSilence = defaultSilence
	PongWait       = pongWait
)
