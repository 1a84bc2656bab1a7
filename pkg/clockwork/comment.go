package clockwork

import (
	"encoding/json"
	"strings"
)

// comment is a text, nothing, or a document in Atlassian's document format
// (ADF), whose plain text is taken. Any other JSON counts as no comment: it is
// an extra, and no reason to lose the entry that it belongs to.
type comment struct{ text *string }

// UnmarshalJSON never fails.
func (c *comment) UnmarshalJSON(b []byte) error {
	var s *string
	if json.Unmarshal(b, &s) == nil {
		c.text = s
		return nil
	}
	var doc adfNode
	if json.Unmarshal(b, &doc) != nil || doc.Type != "doc" {
		return nil
	}
	var out strings.Builder
	doc.write(&out, 0)
	if plain := strings.TrimSpace(out.String()); plain != "" {
		c.text = &plain
	}
	return nil
}
