# make test   everything that must hold before a change is merged; .ci/run calls it
# make code, make product   its two halves, which run at once
# make unit   the packages alone, without the race detector; starts no other program than redis-server
# make lint   format, vet, staticcheck, go.mod, Biome for the clients
# make clients  the TypeScript of the web and the desktop app: lint, types and tests
# make fuzz   each fuzz target for FUZZTIME, 60s if not set: some 25 minutes
# make vuln   known vulnerabilities in what is used; also fails if no database answers
# make licences  may everything that is shipped be shipped, and is it pinned
# make bench  what an answer costs: time, size, allocations, Redis commands; what a sync costs, also on a busy site; what many people at once cost
# make bench-attack  what bursts, dead connections and hostile clients do, beside the goals; ATTACK=name for one
# make pictures  README's pictures, from the real pages
# make baselines  draws again the pictures that the browser tests compare the screens with; look at each difference
# make bench-realtime  what a message over WebSocket costs, beside a bare echo server

SHELL := bash
.SHELLFLAGS := -euo pipefail -c

GO ?= go
go_files = find . \( -name node_modules -o -name '.?*' \) -prune -o -name '*.go' -print0
packages = $(GO) list ./... | grep -v /backend/e2e

.PHONY: test code product unit lint clients fuzz vuln licences bench bench-attack bench-realtime pictures baselines programs

# The product's tests wait twice as long as they compute, so the code's run beside them.
test: programs
	$(MAKE) --jobs=2 code product

# Go runs a package again only if it or what it uses has changed.
code: lint
	$(GO) test -race -timeout 40m $$($(packages))

# Go does not see what these tests use, so they always run. Two packages run at once, because each
# waits about as long as it computes.
product: clients
	$(GO) test -race -count=1 -timeout 40m -p 2 ./e2e/...

# Most of the time these tests wait, so more of them run at once than there are processors.
unit:
	$(GO) test -p 6 -parallel 6 $$($(packages))

lint: clients/node_modules/.package-lock.json
	@unformatted=$$($(go_files) | xargs -0 gofmt -l); \
	if [[ -n $$unformatted ]]; then echo "gofmt -w is needed for:" $$unformatted; exit 1; fi
	$(GO) vet ./...
	$(GO) tool -modfile=.ci/staticcheck/go.mod staticcheck ./...
	$(GO) mod tidy -diff
	cd clients && npm run lint

clients: clients/node_modules/.package-lock.json
	cd clients && npm run check && npm run test

clients/node_modules/.package-lock.json: clients/package-lock.json
	cd clients && ELECTRON_SKIP_BINARY_DOWNLOAD=1 npm ci && touch node_modules/.package-lock.json

fuzz:
	.ci/fuzz

vuln:
	.ci/vuln

licences:
	.ci/licences/check

bench: programs
	$(GO) test -run '^$$' -bench . -benchmem $$($(packages))
	$(GO) run ./bench/functions
	$(GO) run ./bench/sync
	$(GO) run ./bench/monday

bench-attack: programs
	$(GO) run ./bench/attack $(ATTACK)

pictures: programs
	PICTURES=1 $(GO) test -count=1 -timeout 30m ./e2e/browser

baselines: programs
	BROWSER_TESTS="baselines --update-snapshots" $(GO) test -count=1 -timeout 30m ./e2e/browser

bench-realtime:
	$(GO) run ./bench/realtime

programs:
	.ci/programs
