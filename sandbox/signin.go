package sandbox

import (
	"crypto/rand"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// App is an OAuth client, as one registers it at the provider.
type App struct {
	ClientID     string
	ClientSecret string
	CallbackURL  string // compared exactly
}

// RegisterApp registers a client with Atlassian and with the OpenID Connect provider.
func (s *Sandbox) RegisterApp(callbackURL string) App {
	app := App{ClientID: rand.Text(), ClientSecret: rand.Text(), CallbackURL: callbackURL}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.signIns.apps[app.ClientID] = app
	return app
}

// signIns is the providers' state. Its maps need Sandbox.mu held.
type signIns struct {
	apps   map[string]App     // by client id
	codes  map[string]consent // by code; each can be used once
	tokens map[string]consent // by access token
	sites  map[string][]string
}

func newSignIns() signIns {
	return signIns{apps: map[string]App{}, codes: map[string]consent{}, tokens: map[string]consent{}, sites: map[string][]string{}}
}

// consent is what a person has allowed an app to do.
type consent struct {
	clientID, accountID, callbackURL, scope string
	nonce, challenge                        string // OpenID Connect only
	ends                                    time.Time
}

const (
	codeLife        = time.Minute
	accessTokenLife = time.Hour
)

func (c consent) has(scope string) bool {
	return scope == "" || slices.Contains(strings.Fields(c.scope), scope)
}

// checkAuthorize returns why an app's request gets an error page, or "". Such a
// request must not be answered with a redirect.
func (s *Sandbox) checkAuthorize(q url.Values, scopes ...string) string {
	s.mu.Lock()
	app, known := s.signIns.apps[q.Get("client_id")]
	s.mu.Unlock()
	switch {
	case !known:
		return "The app with this client_id is not known."
	case q.Get("redirect_uri") != app.CallbackURL:
		return "redirect_uri is not registered for the client."
	case q.Get("response_type") != "code":
		return "response_type must be code."
	case q.Get("state") == "":
		return "state is missing."
	}
	for _, scope := range strings.Fields(q.Get("scope")) {
		if !slices.Contains(scopes, scope) {
			return "The app asks for scopes that have not been added to it: " + scope
		}
	}
	return ""
}

// issueCode needs s.mu held.
func (s *Sandbox) issueCode(c consent) string {
	code := rand.Text()
	c.ends = s.now().Add(codeLife)
	s.signIns.codes[code] = c
	return code
}

// redeem invalidates a code and returns its consent. The second result is false if
// the code was not valid.
func (s *Sandbox) redeem(code string) (consent, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, found := s.signIns.codes[code]
	delete(s.signIns.codes, code)
	return c, found && s.now().Before(c.ends)
}

func (s *Sandbox) knowsClient(id, password string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	app, known := s.signIns.apps[id]
	return known && app.ClientSecret == password
}

func (s *Sandbox) issueAccessToken(c consent) string {
	token := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	c.ends = s.now().Add(accessTokenLife)
	s.signIns.tokens[token] = c
	return token
}

// withToken refuses requests without a valid access token of that scope.
func (s *Sandbox) withToken(scope string, h func(w http.ResponseWriter, r *http.Request, c consent)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		s.mu.Lock()
		c, found := s.signIns.tokens[token]
		s.mu.Unlock()
		switch {
		case !found || !s.now().Before(c.ends):
			writeJSON(w, http.StatusUnauthorized, map[string]any{"code": http.StatusUnauthorized, "message": "Unauthorized"})
		case !c.has(scope):
			writeJSON(w, http.StatusForbidden, map[string]any{"code": http.StatusForbidden, "message": "The token lacks the scope " + scope})
		default:
			h(w, r, c)
		}
	}
}

// sendBack redirects the browser to the app, with the provider's answer.
func sendBack(w http.ResponseWriter, q url.Values, answer url.Values) {
	answer.Set("state", q.Get("state"))
	w.Header().Set("Location", q.Get("redirect_uri")+"?"+answer.Encode())
	w.WriteHeader(http.StatusFound)
}

func refuseToken(w http.ResponseWriter, status int, code, why string) {
	writeJSON(w, status, map[string]any{"error": code, "error_description": why})
}

// providerPage lets the person at the browser choose any account, because the sandbox
// has no passwords.
var providerPage = template.Must(template.New("provider").Parse(`<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{.Provider}} (sandbox)</title><style>body{font:16px/1.5 system-ui;max-width:26rem;margin:3rem auto;padding:0 1rem;color-scheme:light dark}select,button{font:inherit;padding:.4rem .6rem;margin:.2rem 0 1rem}</style>
<h1>{{.Provider}}</h1><p>This is a sandbox. It asks for no password.</p>
{{if .Problem}}<p role="alert">{{.Problem}}</p>{{end}}
{{if not .Fatal}}<form method="post">
{{if not .Problem}}<label>Sign in as<br><select name="account_id">{{range .People}}<option value="{{.AccountID}}">{{.DisplayName}}</option>{{end}}</select></label><br>
{{if .Sites}}<label>Use the app on<br><select name="site">{{range .Sites}}<option value="{{.ID}}">{{.Host}}</option>{{end}}</select></label><br>{{end}}
<button name="decision" value="accept">Accept</button>{{end}} <button name="decision" value="deny">Cancel</button></form>{{end}}</html>
`))

type providerView struct {
	Provider string
	Problem  string
	Fatal    bool // there is no way back to the app
	People   []Person
	Sites    []grantedSite
}

func (v providerView) write(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = providerPage.Execute(w, v)
}
