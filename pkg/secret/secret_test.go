package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/clockwork-timer/backend/pkg/secret"
)

func TestTextIsNeverPrinted(t *testing.T) {
	const value = "tok-5up3r-s3cret"
	type holder struct {
		Token secret.Text `json:"token"`
	}
	type hidden struct{ token secret.Text }
	h := holder{secret.New(" " + value + "\n")}
	unexported := hidden{h.Token}

	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "token", h.Token, "holder", h)
	asJSON, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	all := fmt.Sprintf("%s %v %+v %#v %q %x %+v %#v %s %s", h.Token, h, h, h, h.Token, h.Token, unexported, unexported, asJSON, log.String())
	if strings.Contains(all, value) || strings.Contains(all, fmt.Sprintf("%x", value)) {
		t.Errorf("the secret was printed: %s", all)
	}
	if got := h.Token.Reveal(); got != value {
		t.Errorf("Reveal() = %q, want %q", got, value)
	}
}

func TestEqual(t *testing.T) {
	if !secret.New("a").Equal(secret.New("a ")) || secret.New("a").Equal(secret.New("b")) {
		t.Error("Equal does not compare the values")
	}
}
