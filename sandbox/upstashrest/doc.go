// Package upstashrest stands in for the Upstash Redis REST API, in development
// and tests. It puts that API before a Redis: an embedded miniredis, or a real server
// by address. It answers as the service is documented to, passes the commands
// of the official @upstash/redis client (e2e/upstashclient), and counts what
// the service would bill.
//
// # What it does
//
//   - POST / with a JSON array; the path form, /set/key/value?EX=60, with the
//     body of a POST as the last argument; GET, HEAD, POST and PUT.
//   - POST /pipeline, and POST /multi-exec as one MULTI … EXEC.
//   - /subscribe/CHANNEL/… and /psubscribe/PATTERN/… as an event stream.
//   - The token as a bearer or as ?_token=; Upstash-Encoding: base64;
//     an Upstash-Sync-Token in each answer.
//   - 400, 401 and 405 with {"error": "…"}; a request over 10 MB, blocking and
//     connection commands and the WATCH family are refused.
//   - Keys of the embedded miniredis expire by the clock, as they do in Redis.
//
// # What it does not do
//
//   - Read-only tokens and ACL users; TLS; rate, storage and monthly limits.
//   - /monitor; Upstash-Response-Format: resp2 (ignored).
//   - Read regions: it sends a sync token and ignores the one it gets.
//   - Locking by keys: a script always has the whole database to itself.
//   - Heartbeats on a stream and a maximum age of it: both are undocumented.
//     A newline in a message breaks its event in two.
//   - What the service says about a body that does not parse, and that it
//     refuses such a command in a pipeline alone but a transaction as a whole,
//     is assumed.
//   - Over miniredis: commands that miniredis does not have, and its own
//     wording of a few errors.
//   - A Redis that does not answer: the service's answer is unknown, here it is 502
//     with a text that is not JSON.
package upstashrest
