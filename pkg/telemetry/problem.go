package telemetry

import (
	"context"
	"errors"
	"net"
	"strconv"

	"github.com/clockwork-timer/backend/pkg/upstream"
)

// problemOf is a known word, or the status of an answer, for err, whose text
// may hold anything; "" for nil.
func problemOf(err error) string {
	var failed *upstream.Error
	var redis interface{ RedisCode() string }
	var network net.Error
	switch {
	case err == nil:
		return ""
	case errors.Is(err, upstream.ErrOpen):
		return "not_sent"
	case errors.As(err, &failed) && failed.Status != 0:
		return strconv.Itoa(failed.Status)
	case errors.As(err, &redis) && redis.RedisCode() != "":
		return "refused"
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "timeout"
	case errors.As(err, &network):
		return "network"
	}
	return "error"
}
