package auth_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/web"
)

func TestIdentify(t *testing.T) {
	refusal := errors.New("refused")
	verify := func(token string) (auth.Caller, error) {
		if token != "good" {
			return auth.Caller{Known: true, Admin: true}, refusal
		}
		return auth.Caller{Known: true, UserID: "u", AccountID: "ann"}, nil
	}
	known := auth.Caller{Known: true, UserID: "u", AccountID: "ann"}
	for name, tc := range map[string]struct {
		mode   config.AuthMode
		header string
		want   auth.Caller
		err    error
	}{
		"open-without-token":         {config.AuthOpen, "", auth.Caller{}, nil},
		"open-ignores-a-token":       {config.AuthOpen, "Bearer good", auth.Caller{}, nil},
		"open-ignores-a-bad-token":   {config.AuthOpen, "Bearer bad", auth.Caller{}, nil},
		"required":                   {config.AuthRequired, "Bearer good", known, nil},
		"required-lower-case":        {config.AuthRequired, "bearer good", known, nil},
		"required-more-space":        {config.AuthRequired, "Bearer   good ", known, nil},
		"required-without-header":    {config.AuthRequired, "", auth.Caller{}, auth.ErrNoToken},
		"required-without-token":     {config.AuthRequired, "Bearer", auth.Caller{}, auth.ErrNoToken},
		"required-with-empty-token":  {config.AuthRequired, "Bearer  ", auth.Caller{}, auth.ErrNoToken},
		"required-another-scheme":    {config.AuthRequired, "Basic good", auth.Caller{}, auth.ErrNoToken},
		"required-no-scheme":         {config.AuthRequired, "good", auth.Caller{}, auth.ErrNoToken},
		"required-bad-token":         {config.AuthRequired, "Bearer bad", auth.Caller{}, refusal},
		"required-two-tokens":        {config.AuthRequired, "Bearer good good", auth.Caller{}, refusal},
		"undecided":                  {config.AuthUndecided, "Bearer good", auth.Caller{}, auth.ErrNotConfigured},
		"a-mode-that-does-not-exist": {"none", "Bearer good", auth.Caller{}, auth.ErrNotConfigured},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/api/timers/active?token=good", nil)
			if tc.header != "" {
				r.Header.Set("Authorization", tc.header)
			}
			got, err := auth.Identify(r, tc.mode, verify)
			require.ErrorIs(t, err, tc.err)
			assert.Equal(t, tc.want.Known, got.Known)
			assert.Equal(t, tc.want.AccountID, got.AccountID)
			assert.False(t, got.Admin)
			assert.True(t, got.ClockworkToken.IsZero())

			r.Header.Set("X-Clockwork-Token", " their-own\t")
			got, err = auth.Identify(r, tc.mode, verify)
			require.ErrorIs(t, err, tc.err)
			want := "their-own"
			if tc.err != nil {
				want = ""
			}
			assert.Equal(t, want, got.ClockworkToken.Reveal())
		})
	}
}

func TestNarrow(t *testing.T) {
	nobody := auth.Caller{}
	ann := auth.Caller{Known: true, UserID: "ann", AccountID: "ann", Email: "ann@example.test"}
	mailOnly := auth.Caller{Known: true, UserID: "bob", Email: "bob@example.test"}
	neither := auth.Caller{Known: true, UserID: "bot"}
	admin := auth.Caller{Known: true, UserID: "root", AccountID: "root", Admin: true}
	fake := auth.Caller{Admin: false, AccountID: "ann"} // in open mode nobody is known
	account := func(id string) auth.Subject { return auth.Subject{AccountID: id} }
	mail := func(address string) auth.Subject { return auth.Subject{Email: address} }
	everybody := auth.Subject{}
	for name, tc := range map[string]struct {
		who   auth.Caller
		asked auth.Subject
		want  auth.Subject
		ok    bool
	}{
		"open-everybody":              {nobody, everybody, everybody, true},
		"open-account":                {nobody, account("bob"), account("bob"), true},
		"open-mail":                   {nobody, mail("b@example.test"), mail("b@example.test"), true},
		"open-other-account":          {fake, account("bob"), account("bob"), true},
		"own-by-default":              {ann, everybody, account("ann"), true},
		"own-account":                 {ann, account("ann"), account("ann"), true},
		"own-mail":                    {ann, mail("ann@example.test"), account("ann"), true},
		"own-account-other-mail":      {ann, auth.Subject{AccountID: "ann", Email: "bob@example.test"}, account("ann"), true},
		"other-account":               {ann, account("bob"), everybody, false},
		"other-mail":                  {ann, mail("bob@example.test"), everybody, false},
		"other-account-own-mail":      {ann, auth.Subject{AccountID: "bob", Email: "ann@example.test"}, everybody, false},
		"all-by-name":                 {ann, account("all"), everybody, false},
		"mail-only-by-default":        {mailOnly, everybody, mail("bob@example.test"), true},
		"mail-only-own-mail":          {mailOnly, mail("bob@example.test"), mail("bob@example.test"), true},
		"mail-only-account":           {mailOnly, account("bob"), everybody, false},
		"mail-only-other-mail":        {mailOnly, mail("ann@example.test"), everybody, false},
		"no-account-by-default":       {neither, everybody, everybody, false},
		"no-account-asks-for-another": {neither, account("ann"), everybody, false},
		"admin-everybody":             {admin, everybody, everybody, true},
		"admin-account":               {admin, account("ann"), account("ann"), true},
		"admin-mail":                  {admin, mail("ann@example.test"), mail("ann@example.test"), true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tc.who.Narrow(tc.asked)
			assert.Equal(t, tc.want, got)
			if tc.ok {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, auth.ErrForbidden)
			}
		})
	}
}

func TestTokens(t *testing.T) {
	const own, server = "own", "server"
	with := func(token, account string) config.Clockwork {
		return config.Clockwork{APIToken: secret.New(token), AccountID: account}
	}
	caller := func(known bool, account, token string) auth.Caller {
		return auth.Caller{Known: known, AccountID: account, ClockworkToken: secret.New(token)}
	}
	for name, tc := range map[string]struct {
		who         auth.Caller
		server      config.Clockwork
		write, read string // "" is ErrNoClockwork
	}{
		"own":                            {caller(true, "ann", own), with(server, "ann"), own, own},
		"own-in-open-mode":               {caller(false, "", own), with(server, ""), own, own},
		"server-token-is-the-callers":    {caller(true, "ann", ""), with(server, "ann"), server, server},
		"server-token-is-anothers":       {caller(true, "bob", ""), with(server, "ann"), "", server},
		"server-token-is-nobodys":        {caller(true, "ann", ""), with(server, ""), "", server},
		"caller-and-server-are-nobody":   {caller(true, "", ""), with(server, ""), "", server},
		"open-mode-never-the-servers":    {caller(false, "ann", ""), with(server, "ann"), "", server},
		"no-server-token":                {caller(true, "ann", ""), with("", "ann"), "", ""},
		"an-admin-is-no-exception":       {auth.Caller{Known: true, Admin: true, AccountID: "root"}, with(server, "ann"), "", server},
		"white-space-is-no-token":        {caller(true, "bob", "  "), with(server, "ann"), "", server},
		"own-where-the-server-has-none":  {caller(false, "", own), with("", ""), own, own},
		"nobody-where-server-has-no-one": {caller(false, "", ""), with("", ""), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			write, err := tc.who.WriteToken(tc.server)
			assert.Equal(t, tc.write, write.Reveal())
			assert.Equal(t, tc.write == "", errors.Is(err, auth.ErrNoClockwork))
			read, err := tc.who.ReadToken(tc.server)
			assert.Equal(t, tc.read, read.Reveal())
			assert.Equal(t, tc.read == "", errors.Is(err, auth.ErrNoClockwork))
		})
	}
}

// FuzzIdentify: only a header with the bearer scheme and a token gets as far
// as the check, and what is checked is what was sent.
func FuzzIdentify(f *testing.F) {
	for _, seed := range []string{"", "Bearer", "Bearer x", "bearer\tx", "Basic x", "Bearer  ", " Bearer x", "Bearer a b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["Authorization"] = []string{header}
		checked := ""
		_, err := auth.Identify(r, config.AuthRequired, func(token string) (auth.Caller, error) {
			checked = token
			return auth.Caller{Known: true}, nil
		})
		if err != nil {
			require.ErrorIs(t, err, auth.ErrNoToken)
			assert.Empty(t, checked)
			return
		}
		assert.NotEmpty(t, checked)
		assert.Contains(t, header[len("Bearer "):], checked)
	})
}

// What cannot be a token is refused before anybody looks at it.
func TestIdentifyBounds(t *testing.T) {
	long := strings.Repeat("x", auth.MaxToken+1)
	for name, tc := range map[string]struct {
		bearer, clockwork string
		status            int // 0: let in
	}{
		"longest":               {long[1:], long[1:], 0},
		"long-bearer":           {long, "", http.StatusUnauthorized},
		"long-clockwork":        {"good", long, http.StatusBadRequest},
		"clockwork-not-utf-8":   {"good", "x\xff", http.StatusBadRequest},
		"clockwork-two-lines":   {"good", "x\ny", http.StatusBadRequest},
		"clockwork-with-spaces": {"good", " x ", 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("Authorization", "Bearer "+tc.bearer)
			r.Header.Set("X-Clockwork-Token", tc.clockwork)
			who, err := auth.Identify(r, config.AuthRequired, func(token string) (auth.Caller, error) {
				assert.LessOrEqual(t, len(token), auth.MaxToken)
				return auth.Caller{Known: true}, nil
			})
			var refused *web.Error
			switch tc.status {
			case 0:
				require.NoError(t, err)
				assert.True(t, who.Known)
				return
			case http.StatusUnauthorized:
				require.ErrorIs(t, err, auth.ErrBadToken)
			default:
				require.ErrorAs(t, err, &refused)
				assert.Equal(t, tc.status, refused.Status)
				assert.Equal(t, "X-Clockwork-Token", refused.Field)
			}
			assert.Zero(t, who)
		})
	}
}
