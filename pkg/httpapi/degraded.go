package httpapi

// WithoutJira is what an answer says that had to do without names from Jira.
var WithoutJira = []string{"jira"}

// WithoutUnreadable is what an answer says that leaves entries of Clockwork's
// out because they could not be read.
var WithoutUnreadable = []string{"clockwork"}
