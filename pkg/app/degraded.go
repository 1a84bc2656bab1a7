package app

// WithoutJira is what an answer says that had to do without names from Jira.
var WithoutJira = []string{"jira"}
