package server

// Sweep does at once what the server does every second.
func (s *Server) Sweep() { s.sweep(s.tasks.Now()) }
