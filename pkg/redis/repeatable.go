package redis

import "strings"

// repeatable lists the commands that leave the same data behind whether Redis
// runs them once or twice. What is not here is not repeated: INCR, PUBLISH,
// XADD and list commands add up, a script may do anything, and the answer to a
// second GETDEL would be wrong.
var repeatable = map[string]bool{
	"PING": true, "ECHO": true, "TIME": true,
	"GET": true, "MGET": true, "STRLEN": true, "EXISTS": true, "TYPE": true, "TTL": true, "PTTL": true,
	"HGET": true, "HMGET": true, "HGETALL": true, "HEXISTS": true, "HLEN": true, "HSCAN": true,
	"SMEMBERS": true, "SISMEMBER": true, "SMISMEMBER": true, "SCARD": true,
	"LRANGE": true, "LLEN": true, "ZRANGE": true, "ZSCORE": true, "ZCARD": true, "XRANGE": true, "XLEN": true,
	"SET": true, "SETEX": true, "PSETEX": true, "MSET": true, "DEL": true, "UNLINK": true,
	"HSET": true, "HDEL": true, "SADD": true, "SREM": true,
	"EXPIRE": true, "PEXPIRE": true, "EXPIREAT": true, "PEXPIREAT": true, "PERSIST": true,
}

// Repeatable reports whether every one of the commands may be sent again when
// it is not known whether the first sending arrived. It says nothing about
// whether that would help.
func Repeatable(cmds ...[]string) bool {
	for _, cmd := range cmds {
		if len(cmd) == 0 || !repeatable[strings.ToUpper(cmd[0])] || conditional(cmd) {
			return false
		}
	}
	return len(cmds) > 0
}

// conditional reports an option that makes the second answer differ from the
// first: after a lost success, SET … NX answers as if another had the key.
func conditional(cmd []string) bool {
	if name := strings.ToUpper(cmd[0]); name != "SET" && !strings.Contains(name, "EXPIRE") {
		return false
	}
	for _, option := range cmd[min(3, len(cmd)):] {
		switch strings.ToUpper(option) {
		case "NX", "XX", "GT", "LT", "GET":
			return true
		}
	}
	return false
}
