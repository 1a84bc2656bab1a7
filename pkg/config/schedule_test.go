package config

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestIsSchedule(t *testing.T) {
	for _, good := range []string{"*/5 * * * *", "0 8-18 * * 1-6", "0,30 9 1,15 jan-mar MON", "59 23 31 12 6", "0 0 ? * *", "5/15 * * * *", "TZ=Europe/Berlin */5 * * * *",
		"CRON_TZ=UTC 0 0 * * *", "@hourly", "@every 5m", "TZ=Asia/Tokyo @daily"} {
		assert.True(t, isSchedule(good), good)
	}
	for _, bad := range []string{"", "every 5 minutes", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 0 *", "* * * 13 *", "* * * * 7", "* * * * -1",
		"*/0 * * * *", "*/ * * * *", "*/x * * * *", "5-1 * * * *", "1- * * * *", ", * * * *", "1,,2 * * * *", "jan * * * *", "* * * feb-jan *", "a b c d e", "@", "@often", "@every", "@every soon",
		"@every 1ms", "@every -5m", "TZ=Mars/Olympus * * * * *", "TZ= * * * * *", "TZ=UTC", "99999999999999999999 * * * *"} {
		assert.False(t, isSchedule(bad), bad)
	}
}
