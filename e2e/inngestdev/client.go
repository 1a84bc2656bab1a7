package inngestdev

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// do sends in as JSON, if it is not nil, and reads the answer into out.
func (s *Server) do(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encode %s: %w", path, err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, s.URL+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 4<<20))
	if err != nil {
		return fmt.Errorf("read answer of %s: %w", path, err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: status %d: %s", method, path, resp.StatusCode, b)
	}
	if err := json.Unmarshal(b, out); err != nil {
		return fmt.Errorf("decode answer of %s: %w: %s", path, err, b)
	}
	return nil
}

// query uses the GraphQL API of the dev server's own pages.
func (s *Server) query(ctx context.Context, query string, variables map[string]any, data any) error {
	var reply struct {
		Data   json.RawMessage
		Errors []struct{ Message string }
	}
	in := map[string]any{"query": query, "variables": variables}
	if err := s.do(ctx, http.MethodPost, "/v0/gql", in, &reply); err != nil {
		return err
	}
	if len(reply.Errors) > 0 {
		return fmt.Errorf("inngest refused the query: %s", reply.Errors[0].Message)
	}
	return json.Unmarshal(reply.Data, data)
}
