package sandbox

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const (
	defaultSearchPage = 50
	maxSearchPage     = 5000 // if only a few fields are requested; 100 with all of them
	searchTokenLife   = 7 * 24 * time.Hour
)

type searchRequest struct {
	JQL           string   `json:"jql"`
	NextPageToken string   `json:"nextPageToken"`
	MaxResults    *int     `json:"maxResults"`
	Fields        []string `json:"fields"`
}

func (s *Sandbox) serveSearch(w http.ResponseWriter, r *http.Request) {
	var in searchRequest
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		writeJiraError(w, http.StatusBadRequest, textBadPayload)
		return
	}
	body, err := s.search(in)
	if err != nil {
		writeJiraError(w, http.StatusBadRequest, err.Error())
		return
	}
	writeJSON(w, http.StatusOK, body)
}

func (s *Sandbox) search(in searchRequest) (map[string]any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.evaluate(in.JQL)
	if err != nil {
		return nil, err
	}
	size := searchPageSize(in)
	if size < 1 {
		return nil, refusal("maxResults must be greater than 0.")
	}
	start, err := s.readPageToken(in)
	if err != nil {
		return nil, err
	}
	end := min(start+size, len(found))
	issues := []any{}
	for _, issue := range found[min(start, end):end] {
		issues = append(issues, s.issueJSON(issue, in.Fields))
	}
	out := map[string]any{"issues": issues, "isLast": end >= len(found)}
	if end < len(found) {
		out["nextPageToken"] = s.pageToken(in.JQL, end)
	}
	return out, nil
}

// refusal is an error message of Jira's own.
type refusal string

func (r refusal) Error() string { return string(r) }

func searchPageSize(in searchRequest) int {
	limit := maxSearchPage
	for _, f := range in.Fields {
		if strings.HasPrefix(f, "*") {
			limit = 100
		}
	}
	if in.MaxResults == nil {
		return defaultSearchPage
	}
	return min(*in.MaxResults, limit)
}

// pageToken encodes the place in the list, the query and the time.
func (s *Sandbox) pageToken(jql string, at int) string {
	return base64.URLEncoding.EncodeToString(fmt.Appendf(nil, "%d:%d:%s", at, s.now().Unix(), digest(jql)))
}

func (s *Sandbox) readPageToken(in searchRequest) (at int, err error) {
	if in.NextPageToken == "" {
		return 0, nil
	}
	bad := refusal("The provided next page token is invalid or expired.")
	raw, err := base64.URLEncoding.DecodeString(in.NextPageToken)
	if err != nil {
		return 0, bad
	}
	var issued int64
	var sum string
	if n, _ := fmt.Sscanf(string(raw), "%d:%d:%s", &at, &issued, &sum); n != 3 || sum != digest(in.JQL) || at < 0 {
		return 0, bad
	}
	if s.now().Sub(time.Unix(issued, 0)) > searchTokenLife {
		return 0, bad
	}
	return at, nil
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}
