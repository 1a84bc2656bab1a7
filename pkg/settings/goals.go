package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Week is the goal of each weekday in minutes, Monday first; 0 is no workday.
type Week [7]int

// defaultGoal is what an operator who sets nothing wants: eight hours.
const defaultGoal = 8 * 60

// Goals is GOAL_PER_DAY: how long people want to work, unless they say so
// themselves. The zero value is eight hours from Monday to Friday.
type Goals struct{ rules []rule }

type rule struct {
	accounts []string // none is everybody
	week     Week
}

// UnmarshalText reads one time for everybody from Monday to Friday, such as 7h30m,
// or a JSON list of rules.
func (g *Goals) UnmarshalText(b []byte) error {
	text := strings.TrimSpace(string(b))
	switch {
	case text == "":
		*g = Goals{}
		return nil
	case !strings.HasPrefix(text, "["):
		minutes, err := parseGoal(text)
		*g = Goals{[]rule{{week: mondayToFriday(minutes)}}}
		return err
	}
	var wire []struct {
		Accounts []string          `json:"accounts"`
		Hours    map[string]string `json:"hours"`
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&wire); err != nil || decoder.More() {
		return errors.New(`must be a time such as 7h30m, or JSON such as [{"accounts":["ID"],"hours":{"1-5":"7h30m","6":"4h"}}]`)
	}
	rules := make([]rule, len(wire))
	for i, w := range wire {
		week, err := parseWeek(w.Hours)
		if err != nil {
			return fmt.Errorf("has a mistake in rule %d: %w", i+1, err)
		}
		rules[i] = rule{w.Accounts, week}
	}
	*g = Goals{rules}
	return nil
}

// For is the week of an account, by the first rule that names it, or everybody.
func (g Goals) For(account string) Week {
	for _, r := range g.rules {
		if len(r.accounts) == 0 || slices.Contains(r.accounts, "*") || slices.Contains(r.accounts, account) {
			return r.week
		}
	}
	return mondayToFriday(defaultGoal)
}

func mondayToFriday(minutes int) Week {
	var w Week
	for i := range 5 {
		w[i] = minutes
	}
	return w
}

var errHours = errors.New(`hours must name weekdays from 1 (Monday) to 7, each once, such as "1-5" or "6"`)

func parseWeek(hours map[string]string) (week Week, err error) {
	if len(hours) == 0 {
		return week, errHours
	}
	var named [7]bool
	for days, text := range hours {
		from, to, ranged := strings.Cut(days, "-")
		first, last := parseDay(from), parseDay(to)
		if !ranged {
			last = first
		}
		if first == 0 || last < first {
			return week, errHours
		}
		minutes, err := parseGoal(text)
		if err != nil {
			return week, fmt.Errorf("a time %w", err)
		}
		for i := first - 1; i < last; i++ {
			if named[i] {
				return week, errHours
			}
			named[i], week[i] = true, minutes
		}
	}
	return week, nil
}

// parseDay is the number of a weekday, or 0.
func parseDay(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 7 {
		return 0
	}
	return n
}

// parseGoal reads a time of whole minutes, at most a day.
func parseGoal(text string) (int, error) {
	goal, err := time.ParseDuration(text)
	if err != nil || goal < 0 || goal > 24*time.Hour || goal%time.Minute != 0 {
		return 0, errors.New("must be in whole minutes from 0m to 24h, such as 8h or 7h30m")
	}
	return int(goal / time.Minute), nil
}
