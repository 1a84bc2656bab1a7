package sandbox

import (
	"slices"
	"strings"
)

// condition is a parsed JQL clause.
type condition func(*Issue) bool

// jqlParser understands the clauses that the package comment lists. It reads
// the sandbox, whose mu must be held.
type jqlParser struct {
	s      *Sandbox
	tokens []jqlToken
	pos    int
}

// evaluate gives the issues that match, in order. It needs s.mu held.
func (s *Sandbox) evaluate(jql string) ([]*Issue, error) {
	tokens, err := lexJQL(jql)
	if err != nil {
		return nil, err
	}
	p := &jqlParser{s: s, tokens: tokens}
	if p.peek().kind == tokenEnd || p.peek().is("order") {
		return nil, refusal("Unbounded JQL queries are not allowed here. Please add a search restriction to your query.")
	}
	matches, err := p.or()
	if err != nil {
		return nil, err
	}
	less, err := p.orderBy()
	if err != nil {
		return nil, err
	}
	var found []*Issue
	for _, i := range s.issues {
		if matches(i) {
			found = append(found, i)
		}
	}
	slices.SortStableFunc(found, less)
	return found, nil
}

func (p *jqlParser) peek() jqlToken { return p.tokens[p.pos] }

func (p *jqlParser) next() jqlToken {
	t := p.tokens[p.pos]
	if t.kind != tokenEnd {
		p.pos++
	}
	return t
}

// accept takes the token if it is the keyword or symbol.
func (p *jqlParser) accept(text string) bool {
	if !p.peek().is(text) {
		return false
	}
	p.pos++
	return true
}

func (p *jqlParser) or() (condition, error) {
	left, err := p.and()
	for err == nil && p.accept("or") {
		var right condition
		first := left
		right, err = p.and()
		left = func(i *Issue) bool { return first(i) || right(i) }
	}
	return left, err
}

func (p *jqlParser) and() (condition, error) {
	left, err := p.not()
	for err == nil && p.accept("and") {
		var right condition
		first := left
		right, err = p.not()
		left = func(i *Issue) bool { return first(i) && right(i) }
	}
	return left, err
}

func (p *jqlParser) not() (condition, error) {
	if p.accept("not") || p.accept("!") {
		inner, err := p.not()
		return func(i *Issue) bool { return !inner(i) }, err
	}
	if !p.accept("(") {
		return p.clause()
	}
	inner, err := p.or()
	if err != nil {
		return nil, err
	}
	if t := p.next(); !t.is(")") {
		return nil, unexpected(t, "either 'OR' or 'AND'")
	}
	return inner, nil
}

func unexpected(t jqlToken, wanted string) error {
	if t.kind == tokenEnd {
		return jqlErrorf(t.at, "Expecting %s but reached the end of the query.", wanted)
	}
	return jqlErrorf(t.at, "Expecting %s but got '%s'.", wanted, t.text)
}

// clause is field operator value.
func (p *jqlParser) clause() (condition, error) {
	field := p.next()
	if field.kind != tokenWord && field.kind != tokenString {
		return nil, unexpected(field, "a field name")
	}
	if err := refuseReserved(field); err != nil {
		return nil, err
	}
	operator, err := p.operator()
	if err != nil {
		return nil, err
	}
	values, err := p.values(operator)
	if err != nil {
		return nil, err
	}
	return p.s.compare(strings.ToLower(field.text), operator, values)
}

func (p *jqlParser) operator() (string, error) {
	t := p.next()
	switch {
	case t.is("="), t.is("!="), t.is("~"), t.is("!~"), t.is("in"):
		return strings.ToLower(t.text), nil
	case t.is("not") && p.accept("in"):
		return "not in", nil
	case t.is("is"):
		if p.accept("not") {
			return "is not", nil
		}
		return "is", nil
	}
	return "", unexpected(t, "operator")
}

// values reads one operand, or a list for in.
func (p *jqlParser) values(operator string) ([]string, error) {
	switch operator {
	case "is", "is not":
		if t := p.next(); !t.is("empty") && !t.is("null") {
			return nil, unexpected(t, "EMPTY or NULL")
		}
		return nil, nil
	case "in", "not in":
		return p.list()
	}
	v, err := p.value()
	return []string{v}, err
}

func (p *jqlParser) list() ([]string, error) {
	if t := p.next(); !t.is("(") {
		return nil, unexpected(t, "'('")
	}
	var out []string
	for {
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		out = append(out, v)
		if p.accept(",") {
			continue
		}
		if t := p.next(); !t.is(")") {
			return nil, unexpected(t, "')' or ','")
		}
		return out, nil
	}
}

func (p *jqlParser) value() (string, error) {
	t := p.next()
	if t.kind == tokenString {
		return t.text, nil
	}
	if t.kind != tokenWord {
		return "", unexpected(t, "either a value, list or function")
	}
	if strings.EqualFold(t.text, "currentUser") && p.accept("(") {
		if end := p.next(); !end.is(")") {
			return "", unexpected(end, "')'")
		}
		return p.s.creds.AccountID, nil
	}
	return t.text, refuseReserved(t)
}

// reservedWords are some of those that JQL demands in quotes.
var reservedWords = strings.Fields(`and or not in is was changed empty null order by asc desc abort access add after
alias all alter any as before begin between boolean char check column commit create date delete distinct do drop else
end exec exists explain false fetch file for from function go grant group having if immediate increment index initial
inner insert int integer intersect into join like limit lock long minus mode modify next number object of on option
outer output power previous prior privileges public raise raw remove rename resource return revoke row select session
set share size start string synonym table then to trans trigger true uid union unique update user validate values
view when where while with`)

func refuseReserved(t jqlToken) error {
	if t.kind == tokenWord && slices.Contains(reservedWords, strings.ToLower(t.text)) {
		return jqlErrorf(t.at, "'%s' is a reserved JQL word. You must surround it in quotation marks to use it in a query.", t.text)
	}
	return nil
}
