package httpapi

// WithoutJira marks an answer that lacks names from Jira.
var WithoutJira = []string{"jira"}

// WithoutUnreadable marks an answer that lacks timers of Clockwork's because they
// could not be read.
var WithoutUnreadable = []string{"clockwork"}
