package clockwork

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// plainText is what a document reads as, its lines joined by bars.
func plainText(t *testing.T, content string) string {
	t.Helper()
	var c comment
	require.NoError(t, json.Unmarshal([]byte(`{"type":"doc","version":1,"content":[`+content+`]}`), &c))
	if c.text == nil {
		return ""
	}
	return strings.ReplaceAll(*c.text, "\n", "|")
}

// node is one with a text inside.
func node(kind, text string) string {
	return `{"type":"` + kind + `","content":[{"type":"text","text":"` + text + `"}]}`
}

func around(kind string, inside ...string) string {
	return `{"type":"` + kind + `","content":[` + strings.Join(inside, ",") + `]}`
}

func TestBlocksAreLines(t *testing.T) {
	one, two := node("paragraph", "one"), node("paragraph", "two")
	for name, c := range map[string]struct{ content, want string }{
		"paragraphs":       {one + "," + two, "one|two"},
		"headings":         {node("heading", "one") + "," + two, "one|two"},
		"tasks":            {around("taskList", node("taskItem", "one"), node("taskItem", "two")), "one|two"},
		"nested-tasks":     {around("taskList", node("taskItem", "one"), around("taskList", node("taskItem", "two"))), "one|two"},
		"block-tasks":      {around("taskList", around("blockTaskItem", one), around("blockTaskItem", two)), "one|two"},
		"decisions":        {around("decisionList", node("decisionItem", "one"), node("decisionItem", "two")), "one|two"},
		"list-in-a-list":   {around("bulletList", around("listItem", one, around("orderedList", around("listItem", two)))), "one|two"},
		"panel-and-quote":  {around("panel", one) + "," + around("blockquote", two), "one|two"},
		"code":             {node("codeBlock", "one") + "," + two, "one|two"},
		"rule":             {one + `,{"type":"rule"},` + two, "one|two"},
		"table":            {around("table", around("tableRow", around("tableHeader", one), around("tableCell", two))), "one|two"},
		"caption":          {around("mediaSingle", `{"type":"media","attrs":{"type":"file","alt":"one"}}`, node("caption", "two")), "one|two"},
		"picture-unnamed":  {one + "," + around("mediaGroup", `{"type":"media","attrs":{"type":"file","id":"x"}}`) + "," + two, "one|two"},
		"expand":           {`{"type":"expand","attrs":{"title":"one"},"content":[` + two + `]}`, "one|two"},
		"layout":           {around("layoutSection", around("layoutColumn", one), around("layoutColumn", two)), "one|two"},
		"cards":            {`{"type":"blockCard","attrs":{"url":"https://a.test/"}},{"type":"embedCard","attrs":{"url":"https://b.test/"}}`, "https://a.test/|https://b.test/"},
		"unknown-blocks":   {node("novelty", "one") + "," + node("novelty", "two"), "one|two"},
		"text-then-block":  {`{"type":"text","text":"one"},` + two, "one|two"},
		"break-at-the-end": {around("paragraph", `{"type":"text","text":"one"}`, `{"type":"hardBreak"}`) + "," + two, "one|two"},
		"empty-blocks":     {`{"type":"paragraph"},` + one + `,{"type":"paragraph","content":[]},` + two, "one|two"},
		"nothing":          {`{"type":"paragraph"}`, ""},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, plainText(t, c.content)) })
	}
}

func TestInlineNodesHaveATextEach(t *testing.T) {
	for name, c := range map[string]struct{ node, want string }{
		"text":                     {`{"type":"text","text":"x","marks":[{"type":"strong"}]}`, "x"},
		"break":                    {`{"type":"hardBreak","attrs":{"text":"\n"}}`, "|"},
		"mention":                  {`{"type":"mention","attrs":{"id":"acc-1","text":"@An"}}`, "@An"},
		"mention-unnamed":          {`{"type":"mention","attrs":{"id":"acc-1"}}`, "@acc-1"},
		"emoji":                    {`{"type":"emoji","attrs":{"shortName":":wave:","text":"👋"}}`, ":wave:"},
		"emoji-without-name":       {`{"type":"emoji","attrs":{"text":"👋"}}`, "👋"},
		"date":                     {`{"type":"date","attrs":{"timestamp":"1772668800000"}}`, "2026-03-05"},
		"date-as-a-number":         {`{"type":"date","attrs":{"timestamp":1772668800000}}`, "2026-03-05"},
		"date-of-no-form":          {`{"type":"date","attrs":{"timestamp":"soon"}}`, "soon"},
		"status":                   {`{"type":"status","attrs":{"text":"DONE","color":"green"}}`, "DONE"},
		"card":                     {`{"type":"inlineCard","attrs":{"url":"https://a.test/"}}`, "https://a.test/"},
		"card-with-data":           {`{"type":"inlineCard","attrs":{"data":{"name":"Page","url":"https://a.test/p"}}}`, "https://a.test/p"},
		"card-with-a-name":         {`{"type":"inlineCard","attrs":{"data":{"name":"Page"}}}`, "Page"},
		"extension":                {`{"type":"inlineExtension","attrs":{"text":"macro"}}`, "macro"},
		"file":                     {`{"type":"mediaInline","attrs":{"alt":"plan.pdf"}}`, "plan.pdf"},
		"file-unnamed":             {`{"type":"mediaInline","attrs":{"id":"x"}}`, "[file]"},
		"placeholder":              {`{"type":"placeholder","attrs":{"text":"name"}}`, "name"},
		"attributes-that-are-none": {`{"type":"status","attrs":["x"]}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, "<"+c.want+">", plainText(t, around("paragraph", `{"type":"text","text":"<"}`, c.node, `{"type":"text","text":">"}`)))
		})
	}
}

func TestDeepDocuments(t *testing.T) {
	deep := strings.Repeat(`{"type":"panel","content":[`, 500) + node("paragraph", "x") + strings.Repeat("]}", 500)
	assert.Empty(t, plainText(t, deep))
}
