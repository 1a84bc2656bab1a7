package upstashrest

import "strings"

// notOnREST lists the commands that need a connection of their own, or that
// administer the server (Upstash: REST - Redis API compatibility).
var notOnREST = map[string]bool{
	"BLPOP": true, "BRPOP": true, "BRPOPLPUSH": true, "BLMOVE": true, "BLMPOP": true,
	"BZPOPMIN": true, "BZPOPMAX": true, "BZMPOP": true, "WAIT": true, "WAITAOF": true,
	"AUTH": true, "HELLO": true, "CLIENT": true, "SELECT": true, "QUIT": true, "RESET": true,
	"MULTI": true, "EXEC": true, "DISCARD": true, "WATCH": true, "UNWATCH": true,
	"SUBSCRIBE": true, "UNSUBSCRIBE": true, "PSUBSCRIBE": true, "PUNSUBSCRIBE": true,
	"SSUBSCRIBE": true, "SUNSUBSCRIBE": true, "MONITOR": true,
	"CLUSTER": true, "READONLY": true, "READWRITE": true, "ASKING": true,
	"CONFIG": true, "DEBUG": true, "SHUTDOWN": true, "SYNC": true, "PSYNC": true, "REPLICAOF": true,
	"SLAVEOF": true, "FAILOVER": true, "MIGRATE": true, "MODULE": true, "SAVE": true, "BGSAVE": true,
	"BGREWRITEAOF": true, "SWAPDB": true, "MOVE": true,
}

// unavailable returns the error text for a command that the REST API does not accept,
// or "".
func unavailable(cmd []any) string {
	name := strings.ToUpper(cmd[0].(string))
	blocks := false
	if name == "XREAD" || name == "XREADGROUP" {
		for _, arg := range cmd[1:] {
			if strings.EqualFold(arg.(string), "STREAMS") {
				break
			}
			blocks = blocks || strings.EqualFold(arg.(string), "BLOCK")
		}
	}
	if !notOnREST[name] && !blocks {
		return ""
	}
	return "ERR Command is not available: '" + name + "'. See https://upstash.com/docs/redis/overall/rediscompatibility for details"
}
