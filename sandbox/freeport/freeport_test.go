package freeport_test

import (
	"net"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/sandbox/freeport"
)

func TestFind(t *testing.T) {
	ports, err := freeport.Find(50)
	require.NoError(t, err)
	require.Len(t, ports, 50)
	slices.Sort(ports)
	assert.Len(t, slices.Compact(slices.Clone(ports)), 50, "the ports differ")
	for _, port := range ports {
		assert.Less(t, port, 32768, "not one for outgoing connections")
		l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
		require.NoError(t, err, "it is free")
		require.NoError(t, l.Close())
	}
}

func TestFindNone(t *testing.T) {
	ports, err := freeport.Find(0)
	require.NoError(t, err)
	assert.Empty(t, ports)
}
