// Package settings holds how long people want to work: by GOAL_PER_DAY, and as they
// have set it themselves. It knows no requests.
package settings

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
)

// MaxTarget is the largest target of a day, in minutes.
const MaxTarget = 24 * 60

// Settings are how long one person wants to work.
type Settings struct {
	DailyTargetMinutes int   `json:"dailyTargetMinutes"`
	Workdays           []int `json:"workdays"` // by ISO 8601: 1 is Monday

	week Week // the goals of weekdays, if the person has set no target
}

// Change is what a person wants to change; nil is left as it is.
type Change struct {
	DailyTargetMinutes *int   `json:"dailyTargetMinutes"`
	Workdays           *[]int `json:"workdays"`
}

// Errors of a Change.
var (
	ErrTarget   = errors.New("the target is longer than a day, or below zero")
	ErrWorkdays = errors.New("a workday is no weekday, or is there twice")
)

// Check returns ErrTarget or ErrWorkdays if the change cannot be made.
func (c Change) Check() error {
	if c.DailyTargetMinutes != nil && (*c.DailyTargetMinutes < 0 || *c.DailyTargetMinutes > MaxTarget) {
		return ErrTarget
	}
	var named [8]bool
	if c.Workdays != nil {
		for _, day := range *c.Workdays {
			if day < 1 || day > 7 || named[day] {
				return ErrWorkdays
			}
			named[day] = true
		}
	}
	return nil
}

// stored is a person's own settings as Redis holds them. Workdays are digits,
// because Lua does not tell an empty list from an empty object.
type stored struct {
	Target   *int    `json:"target,omitempty"`
	Workdays *string `json:"workdays,omitempty"`
}

const weekdays = "1234567"

// Of are the settings of an account, by what Redis holds under its Key; "" and what
// cannot be read are none of its own.
func (g Goals) Of(account, value string) Settings {
	var own stored
	if json.Unmarshal([]byte(value), &own) != nil {
		own = stored{}
	}
	s := Settings{Workdays: []int{}, week: g.For(account)}
	for i, minutes := range s.week {
		if minutes > 0 {
			s.Workdays = append(s.Workdays, i+1)
		}
	}
	if len(s.Workdays) > 0 {
		s.DailyTargetMinutes = s.week[s.Workdays[0]-1]
	}
	if own.Target != nil {
		s.DailyTargetMinutes, s.week = *own.Target, Week{}
	}
	if own.Workdays != nil {
		s.Workdays = s.Workdays[:0]
		for i, digit := range weekdays {
			if strings.ContainsRune(*own.Workdays, digit) {
				s.Workdays = append(s.Workdays, i+1)
			}
		}
	}
	return s
}

// Goal is how long the person wants to work on a weekday; 0 if it is no workday.
func (s Settings) Goal(day time.Weekday) time.Duration {
	iso := (int(day)+6)%7 + 1
	if !slices.Contains(s.Workdays, iso) {
		return 0
	}
	return time.Duration(cmp.Or(s.week[iso-1], s.DailyTargetMinutes)) * time.Minute
}
