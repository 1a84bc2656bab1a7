package upstream

import (
	"errors"
	"fmt"
	"net/http"
)

// OurCredential marks an upstream's refusal of a credential of this server's:
// the caller can do nothing about it, and their own token is not at fault.
func OurCredential(err error) error {
	failed, ok := errors.AsType[*Error](err)
	if !ok || (failed.Status != http.StatusUnauthorized && failed.Status != http.StatusForbidden) {
		return err
	}
	marked := *failed
	marked.Code = CodeAuthFailed
	return fmt.Errorf("%w: %w", &marked, err) // err may say more, such as what was done before
}
