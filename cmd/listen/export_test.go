package listen

// ServeWithTimeout is Serve with another write timeout.
var ServeWithTimeout = serve
