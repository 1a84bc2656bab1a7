package users

// All returns the users in their order.
func (l List) All() []User { return l.users }
