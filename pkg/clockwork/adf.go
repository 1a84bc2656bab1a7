package clockwork

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxADFDepth is far beyond what Jira's editor nests.
const maxADFDepth = 50

// adfNode is one node of a document in ADF.
type adfNode struct {
	Type    string    `json:"type"`
	Text    string    `json:"text"`
	Attrs   any       `json:"attrs"` // an object, if it is of use
	Content []adfNode `json:"content"`
}

// adfInline are the nodes that stand within a line. Each other node, those that
// are not known here too, is a block: at least a line of its own.
var adfInline = []string{"text", "hardBreak", "mention", "emoji", "date", "status", "inlineCard", "inlineExtension", "mediaInline", "placeholder"}

// write appends the node's text, depth first.
func (n adfNode) write(out *strings.Builder, depth int) {
	if depth > maxADFDepth {
		return
	}
	block := !slices.Contains(adfInline, n.Type)
	if block {
		endLine(out)
	}
	out.WriteString(n.own())
	for _, child := range n.Content {
		child.write(out, depth+1)
	}
	if block {
		endLine(out)
	}
}

func endLine(out *strings.Builder) {
	if out.Len() > 0 && !strings.HasSuffix(out.String(), "\n") {
		out.WriteByte('\n')
	}
}

// own is the node's text without that of its content.
func (n adfNode) own() string {
	attrs, _ := n.Attrs.(map[string]any)
	data, _ := attrs["data"].(map[string]any) // of a card without url
	switch n.Type {
	case "text":
		return n.Text
	case "hardBreak":
		return "\n"
	case "mention":
		return cmp.Or(textIn(attrs, "text"), "@"+textIn(attrs, "id"))
	case "emoji":
		return textIn(attrs, "shortName", "text", "id")
	case "date":
		return dateIn(attrs)
	case "mediaInline":
		return cmp.Or(textIn(attrs, "alt"), "[file]")
	}
	// A status, the title of an expand, the words for a picture, a card's address.
	return cmp.Or(textIn(attrs, "text", "title", "alt", "url"), textIn(data, "url", "name"))
}

// textIn is the first of the attributes that is a text.
func textIn(attrs map[string]any, names ...string) string {
	for _, name := range names {
		if s, _ := attrs[name].(string); s != "" {
			return s
		}
	}
	return ""
}

// dateIn is a day, which ADF has in milliseconds, as a text or a number.
func dateIn(attrs map[string]any) string {
	if ms, isNumber := attrs["timestamp"].(float64); isNumber {
		return time.UnixMilli(int64(ms)).UTC().Format(time.DateOnly)
	}
	text := textIn(attrs, "timestamp")
	ms, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return text
	}
	return time.UnixMilli(ms).UTC().Format(time.DateOnly)
}
