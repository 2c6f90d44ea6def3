package mail

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
)

// parseCriteria reads search keys as RFC 9051 writes them, so that people can
// paste what they know from elsewhere.
func parseCriteria(s string) (*imap.SearchCriteria, error) {
	if err := oneLine("criteria", s); err != nil {
		return nil, err
	}
	if len(s) > 64<<10 {
		return nil, input("write less", "the criteria are longer than 64 KiB")
	}
	p := &criteriaParser{rest: s}
	c := &imap.SearchCriteria{}
	for p.skip(); p.rest != ""; p.skip() {
		if err := p.key(c, 0); err != nil {
			return nil, err
		}
	}
	return c, nil
}

type criteriaParser struct{ rest string }

func (p *criteriaParser) skip() { p.rest = strings.TrimLeft(p.rest, " \t") }

func (p *criteriaParser) fail(format string, args ...any) error {
	return input("write for instance UNSEEN FROM \"bank\" SINCE 1-May-2026", "criteria: "+format, args...)
}

// token takes the next word, text in quotes, or parenthesis.
func (p *criteriaParser) token() (text string, quoted bool, err error) {
	p.skip()
	if p.rest == "" {
		return "", false, p.fail("something is missing at the end")
	}
	switch p.rest[0] {
	case '(', ')':
		text, p.rest = p.rest[:1], p.rest[1:]
		return text, false, nil
	case '"':
		var b strings.Builder
		for i := 1; i < len(p.rest); i++ {
			switch c := p.rest[i]; {
			case c == '\\' && i+1 < len(p.rest):
				i++
				b.WriteByte(p.rest[i])
			case c == '"':
				p.rest = p.rest[i+1:]
				return b.String(), true, nil
			default:
				b.WriteByte(c)
			}
		}
		return "", false, p.fail("a quote is not closed")
	}
	n := strings.IndexAny(p.rest, " \t()\"")
	if n < 0 {
		n = len(p.rest)
	}
	text, p.rest = p.rest[:n], p.rest[n:]
	return text, false, nil
}

// text takes a word or text in quotes.
func (p *criteriaParser) text(key string) (string, error) {
	t, quoted, err := p.token()
	if err != nil {
		return "", err
	}
	if !quoted && (t == "(" || t == ")") {
		return "", p.fail("%s needs a text after it", key)
	}
	return t, nil
}

// systemFlags are keys for a flag; UN before them turns them round.
var systemFlags = map[string]imap.Flag{
	"ANSWERED": imap.FlagAnswered, "DELETED": imap.FlagDeleted, "DRAFT": imap.FlagDraft, "FLAGGED": imap.FlagFlagged, "SEEN": imap.FlagSeen,
}

// key reads one search key into c.
func (p *criteriaParser) key(c *imap.SearchCriteria, depth int) error {
	if depth > 50 {
		return p.fail("it is nested too deeply")
	}
	word, quoted, err := p.token()
	if err != nil {
		return err
	}
	key := strings.ToUpper(word)
	if quoted {
		return p.fail("%s stands where a condition should be", short(word))
	}
	if f, ok := systemFlags[key]; ok {
		c.Flag = append(c.Flag, f)
		return nil
	}
	if f, ok := systemFlags[strings.TrimPrefix(key, "UN")]; ok {
		c.NotFlag = append(c.NotFlag, f)
		return nil
	}
	switch key {
	case "ALL":
		return nil
	case "(":
		return p.group(c, depth)
	case ")":
		return p.fail("a parenthesis is closed that was not opened")
	case "NOT":
		var sub imap.SearchCriteria
		if err := p.key(&sub, depth+1); err != nil {
			return err
		}
		c.Not = append(c.Not, sub)
		return nil
	case "OR":
		var either [2]imap.SearchCriteria
		for i := range either {
			if err := p.key(&either[i], depth+1); err != nil {
				return err
			}
		}
		c.Or = append(c.Or, either)
		return nil
	case "NEW", "OLD", "RECENT":
		return p.fail("%s is gone from IMAP, for it depended on who looked first; use UNSEEN or SINCE", key)
	}
	return p.argument(c, key, word)
}

func (p *criteriaParser) group(c *imap.SearchCriteria, depth int) error {
	empty := true
	for {
		p.skip()
		if strings.HasPrefix(p.rest, ")") && !empty {
			p.rest = p.rest[1:]
			return nil
		}
		if p.rest == "" {
			return p.fail("a parenthesis is not closed")
		}
		if err := p.key(c, depth+1); err != nil {
			return err
		}
		empty = false
	}
}

// argument reads a key that is followed by something.
func (p *criteriaParser) argument(c *imap.SearchCriteria, key, word string) error {
	switch key {
	case "FROM", "TO", "CC", "BCC", "SUBJECT":
		v, err := p.text(key)
		c.Header = append(c.Header, imap.SearchCriteriaHeaderField{Key: key, Value: v})
		return err
	case "HEADER":
		name, err := p.text(key)
		if err != nil {
			return err
		}
		if !validName(name) {
			return p.fail("%s is no name of a header", short(name))
		}
		v, err := p.text(key)
		c.Header = append(c.Header, imap.SearchCriteriaHeaderField{Key: name, Value: v})
		return err
	case "BODY", "TEXT":
		v, err := p.text(key)
		if key == "BODY" {
			c.Body = append(c.Body, v)
		} else {
			c.Text = append(c.Text, v)
		}
		return err
	case "KEYWORD", "UNKEYWORD":
		v, err := p.text(key)
		if err != nil {
			return err
		}
		if err := checkKeyword(v); err != nil {
			return err
		}
		if key == "KEYWORD" {
			c.Flag = append(c.Flag, imap.Flag(v))
		} else {
			c.NotFlag = append(c.NotFlag, imap.Flag(v))
		}
		return nil
	case "LARGER", "SMALLER":
		v, err := p.text(key)
		if err != nil {
			return err
		}
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < 0 {
			return p.fail("%s needs a number of bytes, not %s", key, short(v))
		}
		c.And(map[bool]*imap.SearchCriteria{true: {Larger: n}, false: {Smaller: n}}[key == "LARGER"])
		return nil
	case "SINCE", "BEFORE", "ON", "SENTSINCE", "SENTBEFORE", "SENTON":
		return p.date(c, key)
	case "UID":
		v, err := p.text(key)
		if err != nil {
			return err
		}
		return p.uids(c, v)
	}
	if word[0] >= '0' && word[0] <= '9' || word == "*" {
		return p.fail("%s is a number within the folder; write UID %s", short(word), word)
	}
	return p.fail("there is no condition %s", short(word))
}

func (p *criteriaParser) date(c *imap.SearchCriteria, key string) error {
	v, err := p.text(key)
	if err != nil {
		return err
	}
	t, err := time.Parse("2-Jan-2006", v)
	if err != nil {
		if t, err = time.Parse(time.DateOnly, v); err != nil {
			return p.fail("%s needs a day like 1-May-2026, not %s", key, short(v))
		}
	}
	next := t.AddDate(0, 0, 1)
	var add imap.SearchCriteria
	switch key {
	case "SINCE":
		add.Since = t
	case "BEFORE":
		add.Before = t
	case "ON":
		add.Since, add.Before = t, next
	case "SENTSINCE":
		add.SentSince = t
	case "SENTBEFORE":
		add.SentBefore = t
	case "SENTON":
		add.SentSince, add.SentBefore = t, next
	}
	c.And(&add)
	return nil
}

// uids reads a set like 3,5:9,20:*.
func (p *criteriaParser) uids(c *imap.SearchCriteria, v string) error {
	number := func(s string) (imap.UID, bool) {
		if s == "*" {
			return 0, true
		}
		n, err := strconv.ParseUint(s, 10, 32)
		return imap.UID(n), err == nil && n > 0 && n <= math.MaxUint32
	}
	var set imap.UIDSet
	for r := range strings.SplitSeq(v, ",") {
		from, to, isRange := strings.Cut(r, ":")
		a, ok := number(from)
		b, ok2 := a, true
		if isRange {
			b, ok2 = number(to)
		}
		if !ok || !ok2 {
			return p.fail("%s is no set of UIDs; write 3,5:9,20:*", short(v))
		}
		set = append(set, imap.UIDRange{Start: a, Stop: b})
	}
	c.UID = append(c.UID, set)
	return nil
}
