package main

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/clockwork-timer/backend/pkg/auth/password"
	"github.com/clockwork-timer/backend/pkg/web"
	"github.com/clockwork-timer/backend/sandbox"
)

// devPassword is everybody's password. Only this machine can reach dev.
const devPassword = "clockwork"

// usernameOf returns a person's username, which is the first name: Hannah Vogel logs
// in as hannah.
func usernameOf(p sandbox.Person) string {
	first, _, _ := strings.Cut(p.DisplayName, " ")
	return strings.ToLower(first)
}

// authUsers lets everybody in the sandbox log in. The first is the admin and the
// owner of the credentials. They share one hash, because hashing is slow.
func authUsers(people []sandbox.Person) string {
	type user struct {
		Username     string `json:"username"`
		PasswordHash string `json:"password_hash"`
		AccountID    string `json:"account_id"`
		Email        string `json:"email"`
		Role         string `json:"role,omitempty"`
	}
	hash := password.New(devPassword).PHC()
	users := make([]user, len(people))
	for i, p := range people {
		users[i] = user{Username: usernameOf(p), PasswordHash: hash, AccountID: p.AccountID, Email: p.Email}
	}
	users[0].Role = "admin"
	encoded, err := json.Marshal(users)
	if err != nil {
		panic("dev: encode the users: " + err.Error()) // plain strings always can
	}
	return string(encoded)
}

// saveClockworkTokens saves everybody's Clockwork token, so that a start or stop can
// be tried without looking for one.
func (w *world) saveClockworkTokens(ctx context.Context) {
	for _, p := range w.upstreams.People() {
		if err := w.deps.ClockworkTokens.Save(ctx, p.AccountID, w.upstreams.ClockworkToken(p.AccountID)); err != nil {
			w.log.Warn("a Clockwork token could not be saved", "error", err)
			return
		}
	}
}

// servePeople lists the people to pick from on the login page.
func (w *world) servePeople(out http.ResponseWriter, _ *http.Request) {
	type person struct {
		Username    string `json:"username"`
		DisplayName string `json:"displayName"`
		AvatarURL   string `json:"avatarUrl"`
	}
	reply := struct {
		Password string   `json:"password"`
		People   []person `json:"people"`
	}{Password: devPassword}
	for _, p := range w.upstreams.People() {
		reply.People = append(reply.People, person{usernameOf(p), p.DisplayName, p.AvatarURL()})
	}
	web.Protect(out.Header())
	if err := web.OK(reply).Write(out); err != nil {
		w.log.Debug("the list of people could not be sent", "error", err)
	}
}
