package users_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/auth/password"
	"github.com/clockwork-timer/backend/pkg/auth/users"
)

// Two hashes of "correct horse", of the least cost and of twice that.
const (
	hash4MiB = "$argon2id$v=19$m=4096,t=1,p=1$c2FsdC1vZi1hLXRlc3QhIQ$Yiy0T3CRxG2jePdR87+xGwwMgT6t5zUlcCT7j5ppPws"
	hash8MiB = "$argon2id$v=19$m=8192,t=1,p=1$c2FsdC1vZi1hLXRlc3QhIQ$PG77rR586aakw4wFuIyz920eqet4OTFjKpuefXZo73I"
)

func parse(t testing.TB, text string) users.List {
	t.Helper()
	l, err := users.Parse(text)
	require.NoError(t, err)
	return l
}

func TestParse(t *testing.T) {
	l := parse(t, ` [
		{"username":" an ","password_hash":"`+hash4MiB+`","account_id":"712020:a-1","email":"An@Example.test ","role":"admin"},
		{"username":"bình@example.test","password_hash":" `+hash8MiB+`\n","role":"user"}
	] `)
	assert.Equal(t, 2, l.Len())

	an, hash, found := l.Find("AN ")
	require.True(t, found)
	assert.Equal(t, users.User{Username: "an", AccountID: "712020:a-1", Email: "an@example.test", Role: users.RoleAdmin}, an)
	assert.Equal(t, "712020:a-1", an.ID())
	assert.True(t, hash.Matches("correct horse"))

	binh, hash, found := l.Find("BÌNH@example.test")
	require.True(t, found)
	assert.Equal(t, users.User{Username: "bình@example.test"}, binh, "user is no role of its own")
	assert.Equal(t, "bình@example.test", binh.ID())
	assert.Equal(t, uint32(8192), hash.Cost().Memory)
}

func TestParseNobody(t *testing.T) {
	for _, text := range []string{"", " \n", "[]"} {
		l := parse(t, text)
		assert.Zero(t, l.Len(), "%q", text)
		_, _, found := l.Find("")
		assert.False(t, found)
	}
}

func TestParseFaults(t *testing.T) {
	user := func(members string) string { return `{"password_hash":"` + hash4MiB + `",` + members + `}` }
	tests := []struct {
		name, text string
		want       []string
	}{
		{"not-json", `SECRET`, []string{"must be a JSON array"}},
		{"an-object", `{"username":"SECRET"}`, []string{"must be a JSON array"}},
		{"null", `null`, []string{"must be a JSON array"}},
		{"something-after", `[] SECRET`, []string{"must be a JSON array"}},
		{"cut", `[{"username":"SECRET"`, []string{"must be a JSON array"}},
		{"wrong-type", `[{"username":7}]`, []string{"must be a JSON array"}},
		{"unknown-member", `[` + user(`"username":"an","acount_id":"SECRET"`) + `]`, []string{"must be a JSON array"}},
		{"null-user", `[null]`, []string{"user 1: username is missing", "user 1: password_hash is missing: go run ./cmd/server hash-password"}},
		{"no-username", `[` + user(`"username":" "`) + `]`, []string{"user 1: username is missing"}},
		{"space-in-username", `[` + user(`"username":"SEC RET"`) + `]`, []string{"none of them white space"}},
		{"control-in-username", `[` + user(`"username":"SEC\u0000RET"`) + `]`, []string{"none of them white space"}},
		{"long-username", `[` + user(`"username":"`+strings.Repeat("a", 129)+`"`) + `]`, []string{"at most 128 characters"}},
		{"plain-password", `[{"username":"an","password_hash":"SECRET"}]`, []string{"user 1: password_hash must be an argon2id hash in PHC form"}},
		{"hostile-hash", `[{"username":"an","password_hash":"` + strings.Replace(hash4MiB, "4096", "4294967295", 1) + `"}]`, []string{"user 1: password_hash must have m from"}},
		{"not-an-account", `[` + user(`"username":"an","account_id":"SEC RET"`) + `]`, []string{"user 1: account_id is not"}},
		{"not-an-email", `[` + user(`"username":"an","email":"SECRET"`) + `]`, []string{"user 1: email is not"}},
		{"unknown-role", `[` + user(`"username":"an","role":"Admin"`) + `]`, []string{"user 1: role must be"}},
		{"everybody-by-account", `[` + user(`"username":"an","account_id":"all"`) + `]`, []string{"which means everybody"}},
		{"everybody-by-name", `[` + user(`"username":"All"`) + `]`, []string{"which means everybody"}},
		{"name-twice", `[` + user(`"username":"an","account_id":"a1"`) + `,` + user(`"username":"AN","account_id":"a2"`) + `]`, []string{"user 2: username is another user's"}},
		{"account-twice", `[` + user(`"username":"an","account_id":"a1"`) + `,` + user(`"username":"bo","account_id":"a1"`) + `]`, []string{"user 2: account_id (or"}},
		{"name-is-anothers-account", `[` + user(`"username":"an","account_id":"a1"`) + `,` + user(`"username":"a1"`) + `]`, []string{"user 2: account_id (or"}},
		{"all-faults-at-once", `[` + user(`"username":""`) + `,{"username":"bo","password_hash":"SECRET"},` + user(`"username":"cy","role":"SECRET"`) + `]`,
			[]string{"user 1: username", "user 2: password_hash", "user 3: role"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, err := users.Parse(tt.text)
			require.Error(t, err)
			assert.Zero(t, l.Len())
			for _, want := range tt.want {
				assert.Contains(t, err.Error(), want)
			}
			for _, part := range []string{"SECRET", "SEC RET", "argon2id$v=19$m=4096"} {
				assert.NotContains(t, err.Error(), part, "a value was printed")
			}
		})
	}
}

// A name is found in whatever case it is typed; an address is another's if one
// letter is.
func TestFindFoldsNamesAndNotAddresses(t *testing.T) {
	l := parse(t, `[{"username":"Đức","email":"\u212Aate@Example.test","account_id":"a1","password_hash":"`+hash4MiB+`"}]`)
	u, _, found := l.Find("ĐỨC ")
	require.True(t, found)
	assert.Equal(t, "\u212Aate@example.test", u.Email)
}

// An unknown name must cost what a known one costs, and always the same.
func TestFindUnknown(t *testing.T) {
	l := parse(t, `[{"username":"an","password_hash":"`+hash4MiB+`"},{"username":"bo","password_hash":"`+hash8MiB+`"}]`)
	seen := map[uint32]int{}
	for i := range 200 {
		name := fmt.Sprintf("nobody-%d", i)
		u, hash, found := l.Find(name)
		require.False(t, found)
		assert.Equal(t, users.User{}, u)
		_, again, _ := l.Find(strings.ToUpper(name))
		assert.Equal(t, hash.Cost(), again.Cost(), "another case of the same name")
		seen[hash.Cost().Memory]++
	}
	assert.Len(t, seen, 2)
	assert.Greater(t, seen[4096], 50)
	assert.Greater(t, seen[8192], 50)
	_, decoy, _ := l.Find("nobody")
	assert.False(t, decoy.Matches("correct horse"))
}

func TestListIsNeverPrinted(t *testing.T) {
	l := parse(t, `[{"username":"SECRET","password_hash":"`+hash4MiB+`"}]`)
	holder := struct{ Users users.List }{l}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		got := fmt.Sprintf(format, l) + fmt.Sprintf(format, holder)
		assert.NotContains(t, got, "SECRET", format)
		assert.Contains(t, got, "1 users", format)
	}
}

func TestUnmarshalTextKeepsNothingOfAFaultyList(t *testing.T) {
	var l users.List
	require.NoError(t, l.UnmarshalText([]byte(`[{"username":"an","password_hash":"`+hash4MiB+`"}]`)))
	require.Error(t, l.UnmarshalText([]byte(`[{}]`)))
	assert.Equal(t, 1, l.Len())
}

// Whatever is accepted can be found under its own name, with an id of its own
// that is not everybody's.
func FuzzParse(f *testing.F) {
	f.Add(`[{"username":"an","password_hash":"` + hash4MiB + `","account_id":"712020:a-1","email":"a@b.c","role":"admin"}]`)
	f.Add(`[{"username":"an","password_hash":"` + hash4MiB + `"},{"username":"BO","password_hash":"` + hash8MiB + `","role":"user"}]`)
	f.Add(`[{"username":"ſ","password_hash":"` + hash4MiB + `"},{"username":"S","password_hash":"` + hash4MiB + `"}]`)
	f.Add(`[{"USERNAME":"İ","password_hash":"` + hash4MiB + `"}]`)
	f.Fuzz(func(t *testing.T, text string) {
		l, err := users.Parse(text)
		if err != nil {
			assert.Zero(t, l.Len())
			return
		}
		ids := map[string]bool{}
		for _, u := range l.All() {
			got, hash, found := l.Find(u.Username)
			assert.True(t, found)
			assert.Equal(t, u, got)
			assert.NotEqual(t, password.Hash{}, hash)
			assert.NotEqual(t, "all", strings.ToLower(u.ID()))
			assert.NotEmpty(t, u.ID())
			assert.False(t, ids[u.ID()], "two users with one id")
			ids[u.ID()] = true
		}
	})
}
