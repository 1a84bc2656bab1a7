package sandbox

import (
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"slices"
)

// grantedSite is an Atlassian site to which a person can grant an app access.
type grantedSite struct{ ID, Host string }

// otherCloudID is the cloud id of a second site. Everybody is a member of it too.
const otherCloudID = "5c0f2d1e-7b1a-4c52-9a58-0d3f4be7a911"

// Atlassian plays auth.atlassian.com and api.atlassian.com, as ATLASSIAN_AUTH_URL and
// ATLASSIAN_API_URL: OAuth 2.0 (3LO) for the apps of RegisterApp.
func (s *Sandbox) Atlassian() http.Handler {
	mux := http.NewServeMux()
	s.handle(mux, "GET /authorize", "atlassian.authorize", s.serveAtlassianPage)
	s.handle(mux, "POST /authorize", "atlassian.authorize", s.serveAtlassianConsent)
	s.handle(mux, "POST /oauth/token", "atlassian.token", s.serveAtlassianToken)
	s.handle(mux, "GET /me", "atlassian.me", s.withToken("read:me", s.serveMe))
	s.handle(mux, "GET /oauth/token/accessible-resources", "atlassian.accessible_resources", s.withToken("", s.serveSites))
	s.handle(mux, "GET /ex/jira/{cloudId}/rest/api/3/myself", "atlassian.myself", s.withToken("read:jira-user", s.serveSiteMyself))
	return mux
}

func (s *Sandbox) atlassianSites() []grantedSite {
	return []grantedSite{{s.site.CloudID, s.site.Host}, {otherCloudID, "another-team.atlassian.net"}}
}

func (s *Sandbox) serveAtlassianPage(w http.ResponseWriter, r *http.Request) {
	view := providerView{Provider: "Atlassian", People: s.People(), Sites: s.atlassianSites()}
	if view.Problem = s.checkAtlassianRequest(r.URL.Query()); view.Problem != "" {
		view.Fatal = true
		view.write(w, http.StatusBadRequest)
		return
	}
	if s.Switches().SignIn == "blocked" {
		view.Problem = "Your site admin must authorize this app for the site."
	}
	view.write(w, http.StatusOK)
}

func (s *Sandbox) checkAtlassianRequest(q url.Values) string {
	if q.Get("audience") != "api.atlassian.com" {
		return "audience must be api.atlassian.com."
	}
	return s.checkAuthorize(q, "read:me", "read:jira-user")
}

func (s *Sandbox) serveAtlassianConsent(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if problem := s.checkAtlassianRequest(q); problem != "" {
		providerView{Provider: "Atlassian", Problem: problem, Fatal: true}.write(w, http.StatusBadRequest)
		return
	}
	account, site := r.PostFormValue("account_id"), r.PostFormValue("site")
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.switches.SignIn == "blocked" || r.PostFormValue("decision") != "accept" || s.byAccount[account] == nil {
		sendBack(w, q, url.Values{"error": {"access_denied"}, "error_description": {"User did not authorize the request"}})
		return
	}
	switch s.switches.SignIn {
	case "otherSite":
		site = otherCloudID
	case "noSite":
		site = ""
	}
	c := consent{clientID: q.Get("client_id"), accountID: account, callbackURL: q.Get("redirect_uri"), scope: q.Get("scope")}
	// One grant per app and account: sites add up.
	if key := c.clientID + " " + account; site != "" && !slices.Contains(s.signIns.sites[key], site) {
		s.signIns.sites[key] = append(s.signIns.sites[key], site)
	}
	sendBack(w, q, url.Values{"code": {s.issueCode(c)}})
}

// serveAtlassianToken accepts JSON, as in Atlassian's documentation, and a form.
func (s *Sandbox) serveAtlassianToken(w http.ResponseWriter, r *http.Request) {
	var in struct {
		GrantType    string `json:"grant_type"`
		ClientID     string `json:"client_id"`
		ClientSecret string `json:"client_secret"`
		Code         string `json:"code"`
		RedirectURI  string `json:"redirect_uri"`
	}
	if media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); media == "application/json" {
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			refuseToken(w, http.StatusBadRequest, "invalid_request", "The body is not JSON.")
			return
		}
	} else {
		in.GrantType, in.ClientID, in.ClientSecret = r.PostFormValue("grant_type"), r.PostFormValue("client_id"), r.PostFormValue("client_secret")
		in.Code, in.RedirectURI = r.PostFormValue("code"), r.PostFormValue("redirect_uri")
	}
	switch {
	case !s.knowsClient(in.ClientID, in.ClientSecret):
		refuseToken(w, http.StatusUnauthorized, "access_denied", "Unauthorized")
		return
	case in.GrantType != "authorization_code":
		refuseToken(w, http.StatusForbidden, "unauthorized_client", "Grant type not allowed for the client.")
		return
	}
	c, valid := s.redeem(in.Code)
	if !valid || c.clientID != in.ClientID || c.callbackURL != in.RedirectURI {
		refuseToken(w, http.StatusForbidden, "invalid_grant", "authorization_code is invalid")
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"access_token": s.issueAccessToken(c), "token_type": "Bearer", "expires_in": int(accessTokenLife.Seconds()), "scope": c.scope,
	})
}

func (s *Sandbox) serveMe(w http.ResponseWriter, _ *http.Request, c consent) {
	s.mu.Lock()
	p, status := *s.byAccount[c.accountID], "active"
	if s.switches.SignIn == "closed" || p.Inactive {
		status = "closed"
	}
	s.mu.Unlock()
	writeJSON(w, http.StatusOK, map[string]any{
		"account_id": p.AccountID, "account_type": "atlassian", "account_status": status, "email": p.Email, "name": p.DisplayName,
		"picture": p.AvatarURL(), "zoneinfo": p.TimeZone, "locale": "en-US",
	})
}

// serveSites lists the sites of the grant, in random order.
func (s *Sandbox) serveSites(w http.ResponseWriter, _ *http.Request, c consent) {
	list := []map[string]any{}
	s.mu.Lock()
	for _, site := range s.atlassianSites() {
		if slices.Contains(s.signIns.sites[c.clientID+" "+c.accountID], site.ID) {
			list = append(list, map[string]any{"id": site.ID, "name": site.Host, "url": "https://" + site.Host, "scopes": []string{"read:jira-user"}, "avatarUrl": ""})
		}
	}
	s.rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	s.mu.Unlock()
	writeJSON(w, http.StatusOK, list)
}

func (s *Sandbox) serveSiteMyself(w http.ResponseWriter, r *http.Request, c consent) {
	s.mu.Lock()
	granted := slices.Contains(s.signIns.sites[c.clientID+" "+c.accountID], r.PathValue("cloudId"))
	me := s.userJSON(s.byAccount[c.accountID])
	s.mu.Unlock()
	if !granted {
		writeJSON(w, http.StatusNotFound, map[string]any{"code": http.StatusNotFound, "message": "Not Found"})
		return
	}
	writeJSON(w, http.StatusOK, me)
}
