package app

// Listen says how to count the realtime clients, who would miss a message of
// Redis as a waiting request would.
func (d *Deps) Listen(clients func() int) { d.audience.Store(&clients) }

// watched reports whether anybody would miss a message.
func (d *Deps) watched() bool {
	clients := d.audience.Load()
	return d.LongPolls.Load() > 0 || clients != nil && (*clients)() > 0
}
