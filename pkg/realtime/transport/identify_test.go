package transport

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/auth"
)

// FuzzIdentify: a client is refused with a status of the contract, or identified by a
// token that it sent, with a since that is not below -1.
func FuzzIdentify(f *testing.F) {
	f.Add("since=7&token=t", "", "", "")
	f.Add("", "12", "bearer, tok", "")
	f.Add("since=-1", "", "bearer", "Bearer x")
	f.Add("since=99999999999999999999", "", "bearer,,", "")
	f.Add("scope=team&since=3&token=t", "", "", "")
	f.Add("%zz&;", "0x10", "a, bearer , b, bearer, c", "Basic x")
	f.Add("token=a&token=b&since=", "+3", "", "")
	f.Fuzz(func(t *testing.T, query, lastEventID, protocol, authorization string) {
		var checked string
		s := &Transport{Verify: func(token string) (auth.Caller, error) {
			checked = token
			return auth.Caller{Known: true, UserID: "ann"}, nil
		}}
		r := httptest.NewRequest(http.MethodGet, "/ws", nil)
		r.URL.RawQuery = query
		for name, value := range map[string]string{"Last-Event-ID": lastEventID, "Sec-WebSocket-Protocol": protocol, "Authorization": authorization} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		who, asked, failed := s.identify(r)
		if failed != nil {
			assert.Contains(t, []int{400, 401}, failed.Status)
			assert.False(t, who.Known)
			return
		}
		assert.True(t, who.Known)
		assert.GreaterOrEqual(t, asked.since, int64(-1))
		require.NotEmpty(t, checked)
		sent, err := url.ParseQuery(query)
		require.NoError(t, err)
		assert.True(t, strings.Contains(authorization, checked) || strings.Contains(protocol, checked) || strings.Contains(sent.Get("token"), checked))
	})
}
