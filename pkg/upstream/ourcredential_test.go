package upstream_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/pkg/upstream"
)

func TestOurCredential(t *testing.T) {
	before := errors.New("what was done before")
	for status, code := range map[int]string{401: upstream.CodeAuthFailed, 403: upstream.CodeAuthFailed, 404: ""} {
		err := upstream.OurCredential(fmt.Errorf("%w: %w", before, &upstream.Error{Upstream: "clockwork", Status: status}))
		failed, ok := errors.AsType[*upstream.Error](err)
		assert.True(t, ok)
		assert.Equal(t, code, failed.Code, status)
		assert.ErrorIs(t, err, before)
	}
}
