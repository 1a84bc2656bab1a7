package keyed_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/pkg/internal/keyed"
)

// A key is used for one text after another, by several requests at once. The text is
// that of RFC 4231, test case 2.
func TestName(t *testing.T) {
	key := keyed.New([]byte("Jefe"))
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 100 {
				assert.Equal(t, "5bdcc146bf60754e6a042426089575c7", key.Name("what do ya want for nothing?"))
				assert.NotEqual(t, "5bdcc146bf60754e6a042426089575c7", key.Name("what do ya want?"))
			}
		})
	}
	all.Wait()
}
