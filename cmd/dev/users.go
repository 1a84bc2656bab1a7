package main

import (
	"encoding/json"
	"strings"

	"github.com/clockwork-timer/backend/pkg/auth/password"
	"github.com/clockwork-timer/backend/sandbox"
)

// devPassword is everybody's. Nobody but this machine reaches dev.
const devPassword = "clockwork"

// usernameOf is how a person of the sandbox logs in: Hannah Vogel is hannah.
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
		panic("dev: users that cannot be encoded: " + err.Error()) // plain strings always can
	}
	return string(encoded)
}
