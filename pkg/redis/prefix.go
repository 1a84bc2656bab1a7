package redis

import (
	"fmt"
	"strconv"
	"strings"
)

// keyPlaces says which arguments of a command are keys or channels.
type keyPlaces int

const (
	noKeys      keyPlaces = iota + 1
	firstKey              // the first argument
	allKeys               // every argument
	pairedKeys            // every other argument: MSET key value key value
	countedKeys           // as many as the second argument says, from the third on: EVAL
)

var places = func() map[string]keyPlaces {
	byName := map[string]keyPlaces{}
	for names, at := range map[string]keyPlaces{
		"PING ECHO TIME INFO CONFIG": noKeys,
		"GET SET SETEX PSETEX SETNX GETSET GETDEL GETEX APPEND STRLEN INCR INCRBY DECR DECRBY TYPE TTL PTTL " +
			"HGET HMGET HGETALL HEXISTS HLEN HSCAN HSET HSETNX HDEL HINCRBY SMEMBERS SISMEMBER SMISMEMBER SCARD SADD SREM " +
			"LRANGE LLEN LTRIM LPUSH RPUSH LPOP RPOP ZADD ZREM ZRANGE ZSCORE ZCARD XADD XRANGE XLEN XTRIM " +
			"EXPIRE PEXPIRE EXPIREAT PEXPIREAT PERSIST PUBLISH": firstKey,
		"MGET DEL UNLINK EXISTS TOUCH SUBSCRIBE PSUBSCRIBE": allKeys,
		"MSET":                            pairedKeys,
		"EVAL EVALSHA EVAL_RO EVALSHA_RO": countedKeys,
	} {
		for name := range strings.FieldsSeq(names) {
			byName[name] = at
		}
	}
	return byName
}()

// Prefix puts prefix before every key and channel of an encoded command, in
// place. A script's are those in its KEYS, so a script must get its channels
// there too. A command that is not known here is refused: it could reach what
// belongs to somebody else on the same Redis.
func Prefix(cmd []string, prefix string) error {
	if prefix == "" {
		return nil
	}
	first, last, step := 1, len(cmd), 1
	switch places[strings.ToUpper(cmd[0])] {
	case noKeys:
		return nil
	case firstKey:
		last = min(2, len(cmd))
	case allKeys:
	case pairedKeys:
		step = 2
	case countedKeys:
		count := 0
		if len(cmd) > 2 {
			count, _ = strconv.Atoi(cmd[2]) // Redis refuses what is no number
		}
		first = min(3, len(cmd))
		last = min(first+max(count, 0), len(cmd))
	default:
		return fmt.Errorf("redis command %s cannot be used with a key prefix: it is not known which of its arguments are keys", Name(cmd))
	}
	for i := first; i < last; i += step {
		cmd[i] = prefix + cmd[i]
	}
	return nil
}
