package account

import (
	"slices"
	"strings"
)

// deviceName says in a few words which browser or app a User-Agent is, for the
// list of sessions: "Firefox on Windows".
func deviceName(userAgent string) string {
	// The first that is found counts: others claim to be Chrome and Safari too.
	programs := []struct{ mark, name string }{
		{"Electron/", "Desktop app"}, {"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"},
	}
	systems := []struct{ mark, name string }{
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"},
	}
	in := func(one struct{ mark, name string }) bool { return strings.Contains(userAgent, one.mark) }
	name := "Another program"
	if i := slices.IndexFunc(programs, in); i >= 0 {
		name = programs[i].name
	}
	if i := slices.IndexFunc(systems, in); i >= 0 {
		name += " on " + systems[i].name
	}
	return name
}
