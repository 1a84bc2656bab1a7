package timesheet

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestStartOfDay(t *testing.T) {
	for _, name := range []string{"UTC", "Europe/Berlin", "Africa/Cairo", "America/Santiago", "America/Havana", "Asia/Beirut", "Australia/Lord_Howe", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu"} {
		zone, err := time.LoadLocation(name)
		require.NoError(t, err)
		for day := range 366 {
			date := time.Date(2026, 1, 1+day, 0, 0, 0, 0, time.UTC)
			start := startOf(date, zone)
			assert.Equal(t, date.Format(time.DateOnly), start.Format(time.DateOnly), name)
			assert.NotEqual(t, date.Format(time.DateOnly), start.Add(-time.Second).Format(time.DateOnly), "%s: the second before", name)
		}
	}
}
