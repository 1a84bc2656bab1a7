package jira_test

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

const an = `{"accountId":"acc-1","accountType":"atlassian","active":true,"displayName":"An Le","emailAddress":"An@Example.test",
	"avatarUrls":{"16x16":"https://example.test/s.png","48x48":"https://example.test/a.png"},"timeZone":"Asia/Ho_Chi_Minh"}`

var wantAn = jira.User{AccountID: "acc-1", EmailAddress: "An@Example.test", DisplayName: "An Le",
	AvatarURL: "https://example.test/a.png", TimeZone: "Asia/Ho_Chi_Minh"}

func TestUserAndMyself(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{
		"GET /myself": answer(200, an),
		"GET /user": func(w http.ResponseWriter, req *http.Request) {
			switch req.URL.Query().Get("accountId") {
			case "acc-1":
				answer(200, an)(w, req)
			case "hidden":
				answer(200, `{"accountId":"hidden","emailAddress":null,"active":false}`)(w, req)
			case "odd":
				answer(200, `{}`)(w, req)
			default:
				answer(404, "")(w, req)
			}
		},
	})
	got, err := r.Myself(t.Context())
	require.NoError(t, err)
	assert.Equal(t, wantAn, got)

	got, err = r.User(t.Context(), "acc-1")
	require.NoError(t, err)
	assert.Equal(t, wantAn, got)

	got, err = r.User(t.Context(), "hidden")
	require.NoError(t, err)
	assert.Equal(t, jira.User{AccountID: "hidden"}, got)

	_, err = r.User(t.Context(), "nobody")
	assert.ErrorIs(t, err, jira.ErrNotFound)

	_, err = r.User(t.Context(), "odd")
	assert.Equal(t, upstream.CodeBadBody, asError(t, err).Code)

	sent := len(r.requests)
	for _, id := range []string{"", strings.Repeat("x", 129)} {
		_, err = r.User(t.Context(), id)
		assert.ErrorIs(t, err, jira.ErrNotFound)
	}
	assert.Len(t, r.requests, sent, "an impossible id is not sent")
}

// bulkUsers answers pages of two, whatever was asked for.
func bulkUsers(w http.ResponseWriter, req *http.Request) {
	q := req.URL.Query()
	start, _ := strconv.Atoi(q.Get("startAt"))
	known := []string{}
	for _, id := range q["accountId"] {
		if !strings.HasPrefix(id, "gone") {
			known = append(known, fmt.Sprintf(`{"accountId":%q,"displayName":"N"}`, id))
		}
	}
	page := known[min(start, len(known)):min(start+2, len(known))]
	_, _ = fmt.Fprintf(w, `{"values":[%s],"total":%d,"maxResults":%s,"isLast":%t}`,
		strings.Join(page, ","), len(known), q.Get("maxResults"), start+2 >= len(known))
}

func TestUsersReadsEveryPage(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"GET /user/bulk": bulkUsers})
	got, err := r.Users(t.Context(), []string{"c", "a", "b", "a", "", "gone-1"})
	require.NoError(t, err)
	assert.Equal(t, map[string]jira.User{"a": {AccountID: "a", DisplayName: "N"}, "b": {AccountID: "b", DisplayName: "N"},
		"c": {AccountID: "c", DisplayName: "N"}}, got)
	assert.Len(t, r.requests, 2)
}

// Many are asked for a hundred at a time, at most four calls at once.
func TestUsersSideBySide(t *testing.T) {
	var mu sync.Mutex
	inside, most := 0, 0
	four := make(chan struct{})
	r := newRig(t, map[string]http.HandlerFunc{"GET /user/bulk": func(w http.ResponseWriter, req *http.Request) {
		mu.Lock()
		inside++
		if inside > most {
			if most = inside; most == 4 {
				close(four)
			}
		}
		mu.Unlock()
		select {
		case <-four:
		case <-req.Context().Done():
			return
		}
		mu.Lock()
		inside--
		mu.Unlock()
		var known []string
		for _, id := range req.URL.Query()["accountId"] {
			known = append(known, fmt.Sprintf(`{"accountId":%q}`, id))
		}
		_, _ = fmt.Fprintf(w, `{"values":[%s],"isLast":true}`, strings.Join(known, ","))
	}})
	var ids []string
	for n := range 850 {
		ids = append(ids, fmt.Sprintf("u%03d", n))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	got, err := r.Users(ctx, ids)
	require.NoError(t, err, "four calls never came together")
	assert.Len(t, got, 850)
	assert.Len(t, r.requests, 9)
	assert.Equal(t, 4, most)
}

func TestUsersFallsBackWhereBulkIsGone(t *testing.T) {
	for _, status := range []int{404, 410} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			r := newRig(t, map[string]http.HandlerFunc{
				"GET /user/bulk": answer(status, ""),
				"GET /user": func(w http.ResponseWriter, req *http.Request) {
					id := req.URL.Query().Get("accountId")
					if id == "gone" {
						w.WriteHeader(404)
						return
					}
					_, _ = fmt.Fprintf(w, `{"accountId":%q}`, id)
				},
			})
			got, err := r.Users(t.Context(), []string{"a", "b", "gone"})
			require.NoError(t, err)
			assert.Equal(t, map[string]jira.User{"a": {AccountID: "a"}, "b": {AccountID: "b"}}, got)
			assert.Len(t, r.requests, 4)
		})
	}
}

func TestUsersFails(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"GET /user/bulk": answer(403, "")})
	_, err := r.Users(t.Context(), []string{"a"})
	assert.Equal(t, upstream.Error{Upstream: "jira", Op: "users.bulk", Status: 403}, *asError(t, err), "a permission, not the credential")

	r = newRig(t, map[string]http.HandlerFunc{"GET /user": answer(403, ""), "GET /user/search": answer(403, "")})
	_, err = r.User(t.Context(), "a")
	assert.Equal(t, 403, asError(t, err).Status)
	assert.NotErrorIs(t, err, jira.ErrNotFound, "who may not look up people has not learnt that nobody is there")
	_, err = r.FindUser(t.Context(), "a@b.test")
	assert.Equal(t, 403, asError(t, err).Status)
	assert.NotErrorIs(t, err, jira.ErrNotFound)

	r = newRig(t, map[string]http.HandlerFunc{"GET /user/bulk": answer(404, ""), "GET /user": answer(400, "")})
	_, err = r.Users(t.Context(), []string{"a"})
	assert.Equal(t, 400, asError(t, err).Status)
}

func TestFindUser(t *testing.T) {
	person := func(id, name, email string) string {
		return fmt.Sprintf(`{"accountId":%q,"accountType":"atlassian","active":true,"displayName":%q,"emailAddress":%q}`, id, name, email)
	}
	const app = `{"accountId":"bot","accountType":"app","active":true,"displayName":"An Le"}`
	const left = `{"accountId":"old","accountType":"atlassian","active":false,"displayName":"An Le","emailAddress":"an@example.test"}`
	tests := []struct {
		name, query, answer, want string
	}{
		{"email", " AN@example.TEST ", "[" + person("acc-1", "An Le", "an@Example.test") + "]", "acc-1"},
		{"email-not-the-first-hit", "an@example.test", "[" + person("acc-2", "Ann", "an@example.test.org") + "," + person("acc-1", "An Le", "an@example.test") + "]", "acc-1"},
		{"email-of-another", "an@example.test", "[" + person("acc-2", "Ann", "ann@example.test") + "]", ""},
		{"email-hidden", "an@example.test", "[" + person("acc-1", "An Le", "") + "]", ""},
		{"email-twice", "an@example.test", "[" + person("acc-1", "An", "an@example.test") + "," + person("acc-2", "An", "an@example.test") + "]", ""},
		{"email-of-one-who-left", "an@example.test", "[" + left + "]", ""},
		{"only-match", "an", "[" + person("acc-1", "An Le", "") + "]", "acc-1"},
		{"only-person", "an", "[" + app + "," + left + "," + person("acc-1", "An Le", "") + "]", "acc-1"},
		{"several", "an", "[" + person("acc-1", "An Le", "") + "," + person("acc-2", "Ann", "") + "]", ""},
		{"whole-name-of-several", "an le", "[" + person("acc-2", "An Leung", "") + "," + person("acc-1", "An Le", "") + "]", "acc-1"},
		{"same-name-twice", "an le", "[" + person("acc-2", "An Le", "") + "," + person("acc-1", "An Le", "") + "]", ""},
		{"only-person-of-those-shown", "an", "[" + strings.Repeat(app+",", 49) + person("acc-1", "Anna", "") + "]", ""},
		{"nobody", "zed", "[]", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, map[string]http.HandlerFunc{"GET /user/search": func(w http.ResponseWriter, req *http.Request) {
				assert.Equal(t, strings.TrimSpace(tt.query), req.URL.Query().Get("query"))
				answer(200, tt.answer)(w, req)
			}})
			got, err := r.FindUser(t.Context(), tt.query)
			assert.Equal(t, tt.want, got.AccountID)
			if tt.want == "" {
				assert.ErrorIs(t, err, jira.ErrNotFound)
			} else {
				assert.NoError(t, err)
			}
		})
	}
}

func TestFindUserDoesNotSearchForNothing(t *testing.T) {
	_, err := newRig(t, nil).FindUser(t.Context(), " ")
	assert.ErrorIs(t, err, jira.ErrNotFound)
}

func TestNewRefusesURLs(t *testing.T) {
	_, err := jira.New(jira.Options{BaseURL: "acme.example.test"})
	assert.ErrorContains(t, err, "jira base URL")
	_, err = jira.New(jira.Options{BaseURL: "https://acme.example.test", BrowseURL: "%"})
	assert.ErrorContains(t, err, "jira browse URL")
}
