package upstashrest

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
)

func (s *Server) single(w http.ResponseWriter, r *http.Request, base64 bool, parse func() ([]any, error)) {
	args, err := parse()
	if err != nil {
		writeItem(w, http.StatusBadRequest, item{Error: err.Error()})
		return
	}
	if text := unavailable(args); text != "" {
		writeItem(w, http.StatusBadRequest, item{Error: text})
		return
	}
	cmd := redis.NewCmd(r.Context(), args...)
	_ = s.rdb.Process(r.Context(), cmd) // cmd has the error
	answer, err := toItem(cmd, base64)
	if err != nil {
		writeGone(w)
		return
	}
	status := http.StatusOK
	if answer.Error != "" {
		status = http.StatusBadRequest
	}
	writeItem(w, status, answer)
}

func (s *Server) pipeline(w http.ResponseWriter, r *http.Request, base64 bool, body []byte) {
	cmds, err := parseCommands(body)
	if err != nil {
		writeItem(w, http.StatusBadRequest, item{Error: err.Error()})
		return
	}
	answers := make([]item, len(cmds))
	queued := make([]*redis.Cmd, len(cmds))
	pipe := s.rdb.Pipeline()
	for i, args := range cmds {
		if text := unavailable(args); text != "" {
			answers[i] = item{Error: text}
			continue
		}
		queued[i] = pipe.Do(r.Context(), args...)
	}
	_, err = pipe.Exec(r.Context())
	collect(w, answers, queued, err, base64)
}

// multiExec runs the commands as one transaction. If one of them cannot be queued,
// all are discarded.
func (s *Server) multiExec(w http.ResponseWriter, r *http.Request, base64 bool, body []byte) {
	cmds, err := parseCommands(body)
	if err == nil {
		err = s.queueable(cmds)
	}
	if err != nil {
		writeItem(w, http.StatusBadRequest, item{Error: err.Error()})
		return
	}
	queued := make([]*redis.Cmd, len(cmds))
	pipe := s.rdb.TxPipeline()
	for i, args := range cmds {
		queued[i] = pipe.Do(r.Context(), args...)
	}
	_, err = pipe.Exec(r.Context())
	if err != nil && strings.HasPrefix(err.Error(), "EXECABORT") {
		writeItem(w, http.StatusBadRequest, item{Error: err.Error()})
		return
	}
	collect(w, make([]item, len(cmds)), queued, err, base64)
}

// queueable returns an error for a command that Redis would refuse before EXEC. It
// also checks that each command exists, because miniredis would run the other
// commands.
func (s *Server) queueable(cmds [][]any) error {
	for _, args := range cmds {
		if text := unavailable(args); text != "" {
			return errors.New(text)
		}
		name := args[0].(string)
		if s.mini != nil && !s.miniServer.IsRegisteredCommand(name) {
			return fmt.Errorf("ERR unknown command '%s'", name)
		}
	}
	return nil
}

// collect fills the answers that are still empty. If there is an err but no command
// has one, go-redis got no connection.
func collect(w http.ResponseWriter, answers []item, queued []*redis.Cmd, err error, base64 bool) {
	if err != nil && !slices.ContainsFunc(queued, func(c *redis.Cmd) bool { return c != nil && c.Err() != nil }) {
		writeGone(w)
		return
	}
	for i, cmd := range queued {
		if cmd == nil {
			continue
		}
		answer, err := toItem(cmd, base64)
		if err != nil {
			writeGone(w)
			return
		}
		answers[i] = answer
	}
	writeItems(w, answers)
}
