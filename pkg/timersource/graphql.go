package timersource

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/pkg/internal/jsonread"
	"github.com/clockwork-timer/backend/pkg/internal/rest"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

// operation is one call of Atlassian's GraphQL gateway on the site's own host.
type operation struct {
	op        string // for errors and logs
	name      string // GraphQL's
	query     string
	variables any
	secrets   []secret.Text // in the variables
	timeout   time.Duration
	tooMany   func() // see rest.Request; may be nil
}

// noAccess is how Forge words a context token that is stale or of another
// context.
const noAccess = "User did not have access"

// gatewayError is one entry of errors, at the top or inside a mutation's answer.
type gatewayError struct {
	Message    string `json:"message"` // may be null
	Extensions struct {
		ErrorType      string          `json:"errorType"`
		Classification string          `json:"classification"`
		StatusCode     json.RawMessage `json:"statusCode"` // a number, or its text
	} `json:"extensions"`
}

// data is what an operation answers with.
type data interface {
	read(r *jsonread.Reader) error
	// complete reports whether it has all that was asked for: an error beside it is
	// then of a field that may be null, and does no harm.
	complete() bool
}

// query runs an operation that changes nothing and decodes its data into v.
func (s *site) query(ctx context.Context, o operation, v data) (*rest.Response, error) {
	resp, err := s.do(ctx, rest.Request{
		Op: o.op, Method: http.MethodPost, Path: []string{"gateway", "api", "graphql"},
		JSON:     map[string]any{"operationName": o.name, "query": o.query, "variables": o.variables},
		ReadOnly: true, Secrets: o.secrets, Timeout: o.timeout, TooMany: o.tooMany,
	})
	if err != nil {
		return nil, err
	}
	var errs []gatewayError
	if err := readAnswer(string(resp.Body), v, &errs); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnknownShape, resp.Fail(err))
	}
	if len(errs) > 0 && !v.complete() {
		return nil, refused(resp, errs)
	}
	return resp, nil
}

// readAnswer reads a GraphQL answer in one pass: a page is large.
func readAnswer(text string, v data, errs *[]gatewayError) error {
	r := jsonread.New(text)
	var failed error
	isObject := r.Fields(func(name string) {
		switch name {
		case "data":
			failed = errors.Join(failed, v.read(r))
		case "errors":
			failed = errors.Join(failed, json.Unmarshal([]byte(r.Raw()), errs))
		}
	})
	if !isObject {
		failed = errors.Join(failed, errors.New("not an object"))
	}
	return cmp.Or(r.End(), failed)
}

// refused makes an error of the first entry. The status is the one that the
// entry gives, for the answer's own is 200.
func refused(resp *rest.Response, errs []gatewayError) *upstream.Error {
	first := append(errs, gatewayError{})[0]
	status, err := strconv.Atoi(strings.Trim(string(first.Extensions.StatusCode), `"`))
	switch {
	case strings.Contains(first.Message, noAccess):
		status = http.StatusForbidden
	case err != nil:
		status = resp.Status
	}
	return resp.Refused(status, cmp.Or(first.Extensions.ErrorType, first.Extensions.Classification, "REFUSED"), first.Message)
}
