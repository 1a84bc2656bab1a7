package clockwork

import (
	"encoding/json"
	"slices"
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

// maxADFDepth is far beyond what Jira's editor nests.
const maxADFDepth = 50

// adfNode is one node of a document in ADF.
type adfNode struct {
	Type    string         `json:"type"`
	Text    string         `json:"text"`
	Attrs   map[string]any `json:"attrs"`
	Content []adfNode      `json:"content"`
}

var adfBlocks = []string{"paragraph", "heading", "codeBlock", "blockquote", "listItem", "panel", "rule", "tableRow"}

// write appends the node's text, depth first.
func (n adfNode) write(out *strings.Builder, depth int) {
	if depth > maxADFDepth {
		return
	}
	out.WriteString(n.inline())
	for _, child := range n.Content {
		child.write(out, depth+1)
	}
	if slices.Contains(adfBlocks, n.Type) && !strings.HasSuffix(out.String(), "\n") {
		out.WriteByte('\n')
	}
}

func (n adfNode) inline() string {
	attr := func(name string) string { s, _ := n.Attrs[name].(string); return s }
	switch n.Type {
	case "text":
		return n.Text
	case "hardBreak":
		return "\n"
	case "mention":
		return attr("text")
	case "emoji":
		return attr("shortName")
	case "inlineCard":
		return attr("url")
	}
	return ""
}
