package app

// Listen sets the function that counts the realtime clients: like waiting requests,
// they need the messages from Redis.
func (d *Deps) Listen(clients func() int) { d.audience.Store(&clients) }

// watched reports whether anybody needs the messages.
func (d *Deps) watched() bool {
	clients := d.audience.Load()
	return d.LongPolls.Load() > 0 || clients != nil && (*clients)() > 0
}
