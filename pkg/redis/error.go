package redis

// Error is a failed call to Redis, whichever client made it. RedisCode is the
// first word of Redis' own error, such as "WRONGTYPE", or empty if the error is
// not Redis' own.
type Error interface {
	error
	RedisCode() string
}
