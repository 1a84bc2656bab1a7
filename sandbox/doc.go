// Package sandbox plays the upstreams of the backend in memory, for development and
// tests: Clockwork Pro (public REST API and the app API behind its pages), one Jira
// Cloud site (REST API v3, Connect servlet and GraphQL gateway), Atlassian's OAuth 2.0
// (3LO) and an OpenID Connect provider. It checks credentials, splits lists into pages,
// and refuses requests as the real services are known to. Tests compare what the
// product shows with its data. It is not for production, and it calls no other server.
//
// # What it stands in for
//
// Each operation is counted by Requests under this name, and can be made to fail,
// alone or with its upstream (the part before the dot):
//
//	clockwork.worklogs                    GET /v1/worklogs
//	clockwork.start_timer                 POST /v1/start_timer (JSON, form or query)
//	clockwork.stop_timer                  POST /v1/stop_timer
//	report.timers                         GET /timers.json
//	jira.myself                           GET /rest/api/3/myself
//	jira.user                             GET /rest/api/3/user
//	jira.user_bulk                        GET /rest/api/3/user/bulk
//	jira.user_search                      GET /rest/api/3/user/search
//	jira.issue                            GET /rest/api/3/issue/{idOrKey}
//	jira.issue_bulkfetch                  POST /rest/api/3/issue/bulkfetch
//	jira.search_jql                       POST /rest/api/3/search/jql
//	jira.tenant_info                      GET /_edge/tenant_info
//	connect.servlet                       POST /plugins/servlet/ac/clockwork-cloud/{module}
//	forge.sign_context_token              POST /gateway/api/graphql, globalApp_signForgeContextTokens (variable input)
//	forge.apps                            POST /gateway/api/graphql, appsInstalledInContexts (variables ctx, filters)
//	forge.invoke                          POST /gateway/api/graphql, invokeExtension (variable input)
//	atlassian.authorize                   GET, POST /authorize: a page to choose a person and a site, Accept or Cancel
//	atlassian.token                       POST /oauth/token (JSON or form)
//	atlassian.me                          GET /me
//	atlassian.accessible_resources        GET /oauth/token/accessible-resources
//	atlassian.myself                      GET /ex/jira/{cloudId}/rest/api/3/myself
//	openid.discovery, .keys, .token       an OpenID Connect provider: verified addresses, PKCE, ES256
//	openid.authorize                      a page to choose a person
//
// Anything else is upstream.unknown and answered 404.
//
// JQL: only the queries that the product sends, see jql.go.
//
// # The team
//
// Twelve people in eight time zones, four projects, forty issues, two weeks of
// worklogs, seven running timers: one on hold, one of a person whose e-mail
// address is hidden and who did not start it, two of one person. The account
// ids, tokens and worklogs follow Options.Seed and the clock.
//
// # The control handler
//
//	GET    /state                    a summary of everything
//	GET    /timers                   what runs
//	POST   /timers/start             {accountId, issueKey, comment?}: a start made in Clockwork itself
//	POST   /timers/stop              {accountId, issueKey}
//	PATCH  /timers/{id}              {comment?, startedAt?, worklogCount?, onHold?}
//	GET    /people, POST /people     a Person as JSON
//	GET    /issues, POST /issues     an Issue as JSON
//	POST   /issues/move              {key, newKey}: the issue moves to another project with the same id
//	PUT    /odd/{id}                 {how}: makes the list show a timer or worklog oddly, see Oddity; "" ends that
//	GET    /switches, PATCH /switches  see Switches
//	POST   /tokens/revoke            contextJwt and context tokens become invalid
//	POST   /populate                 {timers, users}
//	GET    /requests, DELETE /requests
//	GET    /credentials              those that the stand-ins accept
//	GET, POST, DELETE /faults        see package fault
//
// # What makes lists hard to read
//
// The list of timers moves while its pages are read (Switches.ListMoves), and may
// be in another order (ListOrder). One entry of a list may be odd: see MakeOdd. An
// issue that moves is found under each of its keys.
//
// # Assumptions, because the real behaviour is not known
//
//   - A second start on the same issue is 422, as is a stop with nothing running.
//   - /v1/worklogs without starting_at or ending_at is 400; the real one has some default.
//   - A worklog lasts at least a minute, with no other rounding.
//   - A foreign xdm_e is 400.
//   - invokeExtension without a context token is refused; an expired one has statusCode 401,
//     any other 403 with "User did not have access to specified resource(s)".
//   - An unknown account in JQL is 400.
//   - An app that a site's admin has not authorized is refused with access_denied.
//   - Atlassian ignores PKCE. accessible-resources needs no scope.
//
// # What it does not do
//
// Permissions (every credential sees everything), working hours, weekends and holidays
// (a test puts a timer on hold), timers by status transition, filters of worklogs by name,
// project or issue, their properties, POST and PUT of worklogs, Jira's own endpoint for
// Forge's context tokens, Jira's worklog API, other JQL, phrases and operators of its text
// search, stemming, scoped API tokens, CAPTCHA, XSRF and Origin checks, eventual
// consistency of the search, rate limits (a fault with status 429 stands in for one),
// GraphQL beyond what distinguishes the operations.
package sandbox
