package clockwork

import (
	"errors"
	"fmt"

	"github.com/clockwork-timer/backend/pkg/internal/jsonread"
	"github.com/clockwork-timer/backend/pkg/timer"
)

// TimersPage is one page of the report API's list of timers. Finished ones are
// among them: the caller leaves them out. TillNow is true at the moment at
// which Clockwork answered.
type TimersPage struct {
	Timers []timer.Timer
	// Unreadable are the entries that Timers leaves out, in the list's order.
	Unreadable []UnreadableTimer

	Page   int  // from 1; 0 if Clockwork did not say
	Pages  int  // 0 if Clockwork did not say
	IsLast bool // true whenever Pages is 0
	Total  int  // of all pages; -1 if Clockwork did not say
}

// DecodeTimersPage reads an answer of GET /timers.json, as the report API
// gives it. Anything but a list of timers is ErrUnknownShape. An entry without a
// readable id, start, issue or person is left out, and listed as unreadable.
func DecodeTimersPage(body []byte) (TimersPage, error) {
	r := jsonread.New(string(body))
	var page PageReader
	isObject := r.Fields(func(name string) { page.Field(name, r) })
	if err := r.End(); err != nil {
		return TimersPage{}, fmt.Errorf("%w: %w", ErrUnknownShape, err)
	}
	if !isObject {
		return TimersPage{}, fmt.Errorf("%w: no object", ErrUnknownShape)
	}
	return page.Page()
}

// PageReader reads a page of timers field by field, for a caller that finds them among
// other fields.
type PageReader struct {
	page               TimersPage
	found              bool
	startAt, perPage   int64
	total              *int64
	isLast             *bool
	err                error
	number, pageNumber int64
}

// Field reads the value of the page's field of that name; it leaves any other.
func (p *PageReader) Field(name string, r *jsonread.Reader) {
	var err error
	switch name {
	case "timers":
		p.page.Timers, p.page.Unreadable = []timer.Timer{}, nil
		p.found = r.Items(func() { p.entry(r) })
	case "startAt":
		p.startAt, err = readInteger(r)
	case "maxResults":
		p.perPage, err = readInteger(r)
	case "page":
		p.pageNumber, err = readInteger(r)
	case "pages":
		p.number, err = readInteger(r)
	case "total":
		if p.total = nil; !r.Null() {
			p.total = new(int64)
			*p.total, err = readInteger(r)
		}
	case "isLast":
		p.isLast, err = readFlag(r)
	}
	if err != nil {
		p.err = fmt.Errorf("%s: %w", name, err)
	}
}

// Found reports whether there was a list of timers.
func (p *PageReader) Found() bool { return p.found }

func (p *PageReader) entry(r *jsonread.Reader) {
	t, unreadable := readTimer(r)
	if unreadable.Err != nil {
		unreadable.Place = len(p.page.Timers)
		p.page.Unreadable = append(p.page.Unreadable, unreadable)
		return
	}
	p.page.Timers = append(p.page.Timers, t)
}

// Page is what was read. It works out where the list ends. A page that is not the last
// would pass for a whole list if the list's length is missing, so that is an error.
func (p *PageReader) Page() (TimersPage, error) {
	switch {
	case p.err != nil:
		return TimersPage{}, fmt.Errorf("%w: %w", ErrUnknownShape, p.err)
	case !p.found:
		return TimersPage{}, fmt.Errorf("%w: no list of timers", ErrUnknownShape)
	}
	page := p.page
	page.Page, page.Pages, page.Total = int(p.pageNumber), int(p.number), -1
	if p.total != nil {
		page.Total = int(*p.total)
		if page.Pages == 0 && p.perPage > 0 {
			page.Pages = int((*p.total + p.perPage - 1) / p.perPage)
		}
	}
	switch {
	case page.Page < 0 || page.Pages < 0 || page.Total < -1:
		return page, fmt.Errorf("%w: negative page numbers", ErrUnknownShape)
	case p.isLast != nil:
		page.IsLast = *p.isLast
	case page.Pages > 0:
		page.IsLast = page.Page >= page.Pages
	default:
		page.IsLast = page.Total <= int(p.startAt)+len(page.Timers)
	}
	if !page.IsLast && page.Pages == 0 {
		return page, fmt.Errorf("%w: more timers, but not how many pages", ErrUnknownShape)
	}
	return page, nil
}

func readInteger(r *jsonread.Reader) (int64, error) {
	var n number
	err := n.UnmarshalJSON([]byte(r.Raw()))
	return int64(n), err
}

var errNotAFlag = errors.New("neither true nor false")

// readFlag reads true, false or null.
func readFlag(r *jsonread.Reader) (*bool, error) {
	if r.Null() {
		return nil, nil
	}
	value, ok := r.Bool()
	if !ok {
		return nil, errNotAFlag
	}
	return &value, nil
}
