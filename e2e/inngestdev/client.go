package inngestdev

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/clockwork-timer/backend/e2e/process"
)

// query uses the GraphQL API of the dev server's own pages.
func (s *Server) query(ctx context.Context, query string, variables map[string]any, data any) error {
	var reply struct {
		Data   json.RawMessage
		Errors []struct{ Message string }
	}
	in := map[string]any{"query": query, "variables": variables}
	if err := process.JSON(ctx, http.MethodPost, s.URL+"/v0/gql", nil, in, &reply); err != nil {
		return err
	}
	if len(reply.Errors) > 0 {
		return fmt.Errorf("inngest refused the query: %s", reply.Errors[0].Message)
	}
	return json.Unmarshal(reply.Data, data)
}
