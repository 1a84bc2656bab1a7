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
	failed, isUpstream := errors.AsType[*upstream.Error](err)
	redis, isRedis := errors.AsType[redisError](err)
	network, isNetwork := errors.AsType[net.Error](err)
	switch {
	case err == nil:
		return ""
	case errors.Is(err, upstream.ErrOpen):
		return "not_sent"
	case isUpstream && failed.Status != 0:
		return strconv.Itoa(failed.Status)
	case isRedis && redis.RedisCode() != "":
		return "refused"
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, context.DeadlineExceeded), isNetwork && network.Timeout():
		return "timeout"
	case isNetwork:
		return "network"
	}
	return "error"
}

type redisError interface {
	error
	RedisCode() string
}
