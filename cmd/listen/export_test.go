package listen

// ServeFor is Serve with another time for clients to read.
var ServeFor = serve
