package upstash_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"

	"github.com/clockwork-timer/backend/pkg/redis/upstash"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/sandbox/upstashrest"
)

func Example() {
	standIn, err := upstashrest.New(upstashrest.Options{Token: secret.New("a-token")})
	if err != nil {
		log.Fatal(err)
	}
	defer standIn.Close()
	server := httptest.NewServer(standIn)
	defer server.Close()

	ctx := context.Background()
	client, err := upstash.New(upstash.Options{URL: server.URL, Token: secret.New("a-token")})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.Do(ctx, "SET", "greeting", "hello", "EX", 60); err != nil {
		log.Fatal(err)
	}
	values, err := client.Do(ctx, "MGET", "greeting", "missing")
	fmt.Printf("%q %v\n", values, err)

	_, err = client.Do(ctx, "LPUSH", "greeting", "x")
	fmt.Println(err)
	// Output:
	// ["hello" <nil>] <nil>
	// redis LPUSH: HTTP 400: WRONGTYPE Operation against a key holding the wrong kind of value
}
