package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/clockwork-timer/backend/pkg/upstream"
)

func ok(format string, args ...any) Finding {
	return Finding{Level: OK, Text: fmt.Sprintf(format, args...)}
}
func warn(format string, args ...any) Finding {
	return Finding{Level: Warn, Text: fmt.Sprintf(format, args...)}
}
func fail(format string, args ...any) Finding {
	return Finding{Level: Fail, Text: fmt.Sprintf(format, args...)}
}
func skip(format string, args ...any) Finding {
	return Finding{Level: Skip, Text: fmt.Sprintf(format, args...)}
}

func only(f Finding) []Finding { return []Finding{f} }

// see is the end of a line about what cannot be checked.
const see = "not checked: a variable that it needs is missing or wrong, see configuration"

// cause says in a few words why a call failed, with the status or the host.
func cause(err error) string {
	failed, ok := errors.AsType[*upstream.Error](err)
	if ok && failed.Status != 0 {
		if failed.Code == upstream.CodeBadBody {
			return "answers what it should not (is the address right?)"
		}
		return fmt.Sprintf("answers %d", failed.Status)
	}
	unknown, inDNS := errors.AsType[*net.DNSError](err)
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	network, isNetwork := errors.AsType[net.Error](err)
	switch {
	case inDNS && unknown.IsNotFound:
		return "there is no host " + unknown.Name
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens at its address"
	case errors.Is(err, syscall.ECONNRESET):
		return "the connection is cut"
	case untrusted:
		return "its certificate is not trusted"
	case errors.Is(err, context.DeadlineExceeded), isNetwork && network.Timeout():
		return "no answer in time"
	case failed != nil && failed.Err != nil:
		return failed.Err.Error()
	}
	return err.Error()
}

// took is a duration as people read it.
func took(d time.Duration) string {
	if d < time.Millisecond {
		return "under 1 ms"
	}
	return fmt.Sprintf("%d ms", d.Milliseconds())
}

// count is "1 timer", "2 timers".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// oneLine is for texts of others.
func oneLine(text string) string {
	return strings.Join(strings.Fields(strings.ToValidUTF8(text, "?")), " ")
}
