package sandbox

// The team works for a logistics software company. What is written here does not
// depend on the seed; ids, tokens and worklogs do.

type seedPerson struct {
	name, zone  string
	oldAccount  bool // account id of 24 hex digits, as before 2020
	emailHidden bool
}

var team = []seedPerson{
	{name: "Hannah Vogel", zone: "Europe/Berlin"}, // owns the credentials
	{name: "Linh Tran", zone: "Asia/Ho_Chi_Minh"},
	{name: "Minh Nguyen", zone: "Asia/Ho_Chi_Minh"},
	{name: "Tomasz Kowalski", zone: "Europe/Warsaw", oldAccount: true},
	{name: "Priya Nair", zone: "Asia/Kolkata"},
	{name: "Emily Carter", zone: "America/New_York", oldAccount: true},
	{name: "Noah Fischer", zone: "Europe/Berlin", emailHidden: true},
	{name: "Aiko Tanaka", zone: "Asia/Tokyo"},
	{name: "James Okafor", zone: "Europe/London"},
	{name: "Sofia Almeida", zone: "Europe/Lisbon"},
	{name: "Marcus Reid", zone: "America/Chicago", oldAccount: true},
	{name: "Duc Pham", zone: "Asia/Ho_Chi_Minh"},
}

type seedTimer struct {
	person   int    // in team
	starter  int    // in team
	issue    string // key
	minutes  int    // since it was started
	counted  int    // minutes counted before it was put on hold; 0: not on hold
	worklogs int
	comment  string
}

var seedTimers = []seedTimer{
	{person: 7, starter: 7, issue: "MOB-88", minutes: 305, counted: 95, worklogs: 1, comment: "Scanner regression on older Android phones"},
	{person: 4, starter: 4, issue: "BILL-214", minutes: 154, comment: "Comparing totals with the finance export"},
	{person: 6, starter: 0, issue: "OPS-57", minutes: 121, worklogs: 2},
	{person: 1, starter: 1, issue: "PORTAL-312", minutes: 96, comment: "Review findings"},
	{person: 3, starter: 3, issue: "PORTAL-318", minutes: 47},
	{person: 3, starter: 3, issue: "OPS-61", minutes: 32, comment: "On call: disk alert"},
	{person: 2, starter: 2, issue: "MOB-92", minutes: 18, worklogs: 1},
}

var seedProjects = []Project{
	{Key: "PORTAL", Name: "Customer Portal"},
	{Key: "BILL", Name: "Billing"},
	{Key: "MOB", Name: "Driver App"},
	{Key: "OPS", Name: "Platform Operations"},
}

type seedIssue struct {
	key, summary string
	status       string
	priority     string
	assignee     int // in team; -1: nobody
}

// seedStatus maps the status names of the four projects to their category.
var seedStatus = map[string]string{
	"To Do": "To Do", "Selected for Development": "To Do",
	"In Progress": "In Progress", "In Review": "In Progress", "Testing": "In Progress", "Waiting for Customer": "In Progress",
	"Done": "Done", "Released": "Done",
}

var seedIssues = []seedIssue{
	{"PORTAL-287", "Show the delivery window on the tracking page", "Done", "Medium", 1},
	{"PORTAL-294", "Password reset mail arrives without a subject in Outlook", "Done", "High", 8},
	{"PORTAL-301", "Let customers change the delivery address after booking", "In Progress", "High", 0},
	{"PORTAL-305", "Export the shipment list as CSV", "In Review", "Medium", 9},
	{"PORTAL-308", "Page title says \"Undefined\" on the returns form", "To Do", "Low", 1},
	{"PORTAL-312", "Search by order number ignores leading zeros", "In Progress", "High", 1},
	{"PORTAL-315", "Accessibility: focus order in the booking wizard", "To Do", "Medium", 9},
	{"PORTAL-318", "Upgrade the portal to React 19", "In Progress", "Medium", 3},
	{"PORTAL-320", "Spike: customer notifications by SMS", "To Do", "", -1},
	{"PORTAL-321", "Sign-in with Microsoft accounts", "To Do", "High", 8},
	{"BILL-190", "Invoice numbers restart in January", "Released", "Highest", 4},
	{"BILL-197", "Round surcharges per line, not per invoice", "Released", "High", 10},
	{"BILL-203", "Credit notes miss the customer reference", "In Progress", "High", 10},
	{"BILL-206", "SEPA direct debit: retry failed collections", "Selected for Development", "Medium", 4},
	{"BILL-209", "Monthly statement for accounts with several sites", "In Progress", "Medium", 5},
	{"BILL-211", "Fuel surcharge table for the second half of the year", "Waiting for Customer", "Medium", 10},
	{"BILL-214", "Reconcile totals between billing and the finance export", "In Progress", "Highest", 4},
	{"BILL-216", "VAT rates for deliveries to Northern Ireland", "To Do", "High", 5},
	{"BILL-217", "Archive invoices older than ten years", "To Do", "Low", -1},
	{"BILL-219", "Payment reminder uses the wrong language", "In Review", "Medium", 5},
	{"MOB-71", "Driver can take a photo of the damaged parcel", "Released", "Medium", 2},
	{"MOB-76", "Route list jumps to the top after a delivery", "Released", "High", 7},
	{"MOB-79", "Offline mode: queue signatures", "Testing", "High", 2},
	{"MOB-83", "Battery drain when the map stays open", "In Progress", "High", 11},
	{"MOB-85", "Vietnamese translation of the pre-trip checklist", "In Review", "Low", 11},
	{"MOB-88", "Barcode scanner misses damaged labels", "In Progress", "Highest", 7},
	{"MOB-90", "Crash when the GPS permission is withdrawn", "To Do", "High", 2},
	{"MOB-91", "Dark theme for night shifts", "To Do", "Low", -1},
	{"MOB-92", "Push notification for changed stops", "In Progress", "Medium", 2},
	{"MOB-94", "Update the minimum Android version to 10", "Selected for Development", "Medium", 7},
	{"OPS-42", "Move nightly backups to the new bucket", "Done", "High", 6},
	{"OPS-48", "Rotate database credentials every quarter", "Done", "High", 3},
	{"OPS-51", "Alert when the order queue is older than five minutes", "In Progress", "High", 6},
	{"OPS-54", "Staging runs out of disk every Sunday", "In Progress", "Medium", 11},
	{"OPS-57", "Migrate PostgreSQL 13 to 16", "In Progress", "Highest", 6},
	{"OPS-58", "Write the on-call handbook", "To Do", "Medium", 0},
	{"OPS-59", "Certificate for tracking.northbridge.example expires in June", "To Do", "Highest", 3},
	{"OPS-61", "Disk alerts on the log cluster", "In Progress", "Medium", 3},
	{"OPS-63", "Load test before the Christmas season", "To Do", "", -1},
	{"OPS-64", "Weekly planning and retrospectives", "In Progress", "Medium", 0},
}
