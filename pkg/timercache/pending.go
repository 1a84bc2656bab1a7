package timercache

import (
	"encoding/json"
	"slices"
)

// encodePending is the list of accounts as pendingKey holds it.
func encodePending(accounts []string) string {
	slices.Sort(accounts)
	encoded, err := json.Marshal(slices.Compact(accounts))
	if err != nil {
		panic("timercache: strings that cannot be encoded: " + err.Error())
	}
	return string(encoded)
}

// decodePending reads the list; one that does not parse names nobody.
func decodePending(raw string) []string {
	var accounts []string
	if raw == "" || json.Unmarshal([]byte(raw), &accounts) != nil {
		return nil
	}
	return accounts
}
