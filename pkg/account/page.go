package account

import (
	"crypto/sha256"
	"encoding/base64"
	"html"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/clockwork-timer/backend/pkg/web"
)

const pageStyle = `:root{color-scheme:light dark;font:106.25%/1.5 system-ui,sans-serif;background:light-dark(#f2f4f2,#131615);color:light-dark(#141817,#e9edeb)}` +
	`body{max-width:34rem;margin:clamp(2rem,16vh,8rem) auto;padding:0 1.5rem}h1{font-size:1.75rem;font-weight:500;line-height:1.25;text-wrap:balance}` +
	`button{font:inherit;font-weight:600;min-height:3rem;padding:.25rem 1.5rem;margin:.5rem .5rem 0 0;border:1px solid currentColor;border-radius:3px;background:none;color:inherit;cursor:pointer}` +
	`button[value=allow]{border-color:transparent;background:light-dark(#141817,#e9edeb);color:light-dark(#f2f4f2,#131615)}a{color:inherit}`

// pagePolicy allows no script, and of styles that one.
var pagePolicy = func() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; frame-ancestors 'none'"
}()

func page(title, head, body string) web.Reply {
	reply := web.HTML([]byte(`<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>` + title +
		`</title><style>` + pageStyle + `</style>` + head + body + "</html>\n"))
	reply.Header.Set("Content-Security-Policy", pagePolicy)
	return reply
}

// leadTo is a page that opens an address by itself: a Strict cookie that was set just
// now is not sent with a redirect.
func leadTo(address string) web.Reply {
	escaped := html.EscapeString(address)
	return page("Signing in", `<meta http-equiv="refresh" content="0;url=`+escaped+`">`, `<p><a href="`+escaped+`">Continue</a></p>`)
}

// consentPage asks a person whether an app may sign in as them.
func consentPage(client, person string, fields url.Values) web.Reply {
	var hidden strings.Builder
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		hidden.WriteString(`<input type="hidden" name="` + name + `" value="` + html.EscapeString(fields.Get(name)) + `">`)
	}
	title := "Sign in the " + client + " on this computer as " + html.EscapeString(person) + "?"
	return page(title, "", `<h1>`+title+`</h1><p>Allow this only if you have just asked for it in the `+client+`.</p>`+
		`<form method="post" action="`+authorizePath+`">`+hidden.String()+
		`<button name="decision" value="allow">Sign in</button> <button name="decision" value="deny">Cancel</button></form>`)
}
