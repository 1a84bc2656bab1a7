package tcp_test

import (
	"context"
	"fmt"
	"log"

	"github.com/alicebob/miniredis/v2"

	"github.com/clockwork-timer/backend/pkg/redis"
	"github.com/clockwork-timer/backend/pkg/redis/tcp"
)

func Example() {
	mini, err := miniredis.Run()
	if err != nil {
		log.Fatal(err)
	}
	defer mini.Close()

	client, err := tcp.New("redis://"+mini.Addr(), redis.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	replies, err := client.Pipeline(context.Background(), []any{"SET", "n", "one"}, []any{"INCR", "n"}, []any{"GET", "n"})
	for _, reply := range replies {
		fmt.Println(reply)
	}
	fmt.Println(err)
	// Output:
	// OK
	// redis INCR: ERR value is not an integer or out of range
	// one
	// <nil>
}
