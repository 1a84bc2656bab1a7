// Package realtime tells every screen of a person at once what their timers do:
// over WebSocket, over Server-Sent Events, and as a list. It persists first and
// broadcasts then. Where the timers are kept is the work of its subpackages
// sqlitestore and redisstore; who may call is package auth's.
//
// What holds, and where it is kept:
//
//   - One user's changes are numbered by seq without a hole, and each connection
//     gets them in that order, once (room, which alone hands out messages).
//   - A change is in the store before anybody hears of it (committer). A store
//     takes a user's changes only right after those that it has, so two
//     instances cannot give one number twice.
//   - The last message to arrive wins. One that says what is so already changes
//     nothing.
//   - A store that is lost is not taken for its successor: each starts to count
//     from an epoch of its own (NewEpoch).
//   - Nobody waits for a slow reader: each connection has a bounded queue, and
//     is cut when that is full (outbox).
//
// Locks are taken in the order hub, room, outbox, and none is held during I/O.
package realtime
