// Package realtime defines what realtime clients and stores exchange: timers and
// their changes, the messages about them, and the contract of a Store. It starts
// no goroutine and does no I/O, so that the functions, which only list timers, do
// not link a WebSocket server. Each package below it uses only those after it:
//
//	server     assembles the rest
//	transport  WebSocket and Server-Sent Events
//	bridge     Clockwork's changes, and starts and stops in Clockwork
//	writes     commits changes, in batches
//	teamroom   the room of those who see the team
//	fanout     one room per user: the state and the queues of its connections
//	tasks      the goroutines of a server
//
// The stores, sqlitestore and redisstore, use this package only.
//
// Invariants, and who holds them:
//
//   - A user's changes have consecutive numbers, seq, until the store loses its data,
//     and each connection gets them in that order (fanout.Room).
//   - A change is stored before any client gets it (writes.Committer). A store
//     accepts a change only if it follows the last one, so two instances never
//     use one number twice.
//   - The last message to arrive wins. A message that changes nothing is not a
//     change.
//   - A store that was lost is not mistaken for its successor: each counts from
//     its own epoch (NewEpoch).
//   - Nobody waits for a slow reader: each connection has a bounded queue, and
//     is closed when that is full (fanout.Outbox).
//
// Locks are taken in the order hub, room, outbox. None is held during I/O.
package realtime
