package httpapi

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestFind(t *testing.T) {
	routes := []Route{
		{Method: "GET", Path: "/api/issues/search"}, {Method: "GET", Path: "/api/issues/{key}"},
		{Method: "POST", Path: "/api/tokens"}, {Method: "GET", Path: "/api/tokens"}, {Method: "GET", Path: "/api/auth/{provider}/callback"},
	}
	for _, tt := range []struct {
		method, path, want string
		allowed            []string
	}{
		{"GET", "/api/issues/search", "/api/issues/search", nil},
		{"POST", "/api/issues/search", "/api/issues/search", []string{"GET"}},
		{"GET", "/api/issues/ABC-7", "/api/issues/{key}", nil},
		{"GET", "/api/issues/ABC-7%2Fx", "/api/issues/{key}", nil},
		{"GET", "/api/issues/ABC-7/x", "", nil},
		{"GET", "/api/issues/", "", nil},
		{"GET", "/api/auth/oidc/callback", "/api/auth/{provider}/callback", nil},
		{"GET", "/api/auth//callback", "", nil},
		{"GET", "/api/tokens", "/api/tokens", nil},
		{"PUT", "/api/tokens", "/api/tokens", []string{"POST", "GET"}},
		{"GET", "/api/unknown", "", nil},
	} {
		found, allowed := find(routes, httptest.NewRequest(tt.method, tt.path, nil))
		assert.Equal(t, tt.want, found.Path, tt.path)
		assert.Equal(t, tt.allowed, allowed, tt.path)
	}
}
