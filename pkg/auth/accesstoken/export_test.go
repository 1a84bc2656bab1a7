package accesstoken

// Remembered counts the tokens that the process remembers.
func (s *Store) Remembered() int { return len(s.known) }

const MaxKnown = maxKnown
