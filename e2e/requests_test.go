package e2e

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/e2e/process"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/apptest/contract"
	"github.com/clockwork-timer/backend/pkg/apptest/requests"
)

// asked are a good request for each operation, some without a login, and some that a
// rewrite leads to. What is not a key must be refused, however it is encoded, and not
// looked up somewhere else.
func asked(w requests.World) []requests.Request {
	all := requests.All(w)
	other := func(target string, status int, code string) {
		all = append(all, requests.Request{Request: apptest.Request{Method: http.MethodGet, Target: target}, Status: status, Code: code})
	}
	other("/timers", http.StatusUnauthorized, "UNAUTHORIZED")
	other("/api/settings", http.StatusUnauthorized, "UNAUTHORIZED")
	other("/api/issues/"+strings.ToLower(w.IssueKey), http.StatusOK, "")
	for _, segment := range []string{w.IssueKey + "%2Fcomment", "..%2Fsearch", "%2e%2e%2fsearch", w.IssueKey + "%26key%3DB-1", "nonsense"} {
		other("/api/issues/"+segment, http.StatusBadRequest, "BAD_REQUEST")
	}
	return all
}

// assertAnswer sends the request and compares the answer with what is expected and
// with the document. A request that changes nothing is sent again if the answer is
// another: a dependency may have had no time for it.
func assertAnswer(t *testing.T, client *http.Client, base string, r requests.Request) {
	t.Helper()
	document, err := contract.Load()
	require.NoError(t, err)
	path, _, _ := strings.Cut(r.Target, "?")
	try := func() error {
		a, err := answerTo(t, client, base, r)
		if err != nil {
			return err
		}
		if a.Status != r.Status || a.Failure().Error != r.Code {
			return fmt.Errorf("%s %s: status %d, want %d %s: %s", r.Method, r.Target, a.Status, r.Status, r.Code, a.Body)
		}
		return document.CheckAnswer(r.Method, path, a.Status, a.Header, a.Body)
	}
	if r.Effect {
		assert.NoError(t, try())
	} else {
		assert.NoError(t, process.RetryTwice(try))
	}
}

func answerTo(t *testing.T, client *http.Client, base string, r requests.Request) (apptest.Answer, error) {
	request, err := r.New(t.Context(), base)
	if err != nil {
		return apptest.Answer{}, err
	}
	response, err := client.Do(request)
	if err != nil {
		return apptest.Answer{}, err
	}
	defer response.Body.Close()
	for _, name := range []string{"Server", "X-Vercel-Cache", "X-Vercel-Id"} {
		response.Header.Del(name) // the platform's
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	return apptest.Answer{Status: response.StatusCode, Header: response.Header, Body: body}, err
}
