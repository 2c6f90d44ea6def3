package mail

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
)

// filter says which messages are wanted. All conditions given must hold.
type filter struct {
	Status         string            `json:"status" group:"Filter" default:"any" enum:"any,unread,read" doc:"Only unread or only read messages."`
	From           string            `json:"from" group:"Filter" doc:"Text in the sender: part of the name or address."`
	To             string            `json:"to" group:"Filter" doc:"Text in the recipients (To)."`
	Cc             string            `json:"cc" group:"Filter" doc:"Text in the recipients of a copy."`
	Subject        string            `json:"subject" group:"Filter" doc:"Text in the subject."`
	Body           string            `json:"body" group:"Filter" doc:"Text in the body. How well servers search bodies differs."`
	Text           string            `json:"text" group:"Filter" doc:"Text anywhere in the message, headers included."`
	Header         map[string]string `json:"header" group:"Filter" doc:"Texts in other headers, by name, for instance List-Id. An empty text asks only that the header is there."`
	Since          string            `json:"since" group:"Filter" doc:"Arrived on that day or later (2026-05-01), or at that time or later (2026-05-01T08:00:00Z)."`
	Before         string            `json:"before" group:"Filter" doc:"Arrived before that day, or before that time."`
	Flagged        *bool             `json:"flagged" group:"Filter" doc:"Only flagged (starred) messages, or only those that are not."`
	Answered       *bool             `json:"answered" group:"Filter" doc:"Only answered messages, or only those that are not."`
	HasAttachments *bool             `json:"has_attachments" group:"Filter" doc:"Only messages with attachments (inline images do not count), or only those without. The server cannot search for that: each message is looked at."`
	Keywords       []string          `json:"keywords" group:"Filter" is:"advanced" doc:"Only messages with all of these keywords (tags)."`
	NotKeywords    []string          `json:"not_keywords" group:"Filter" is:"advanced" doc:"Only messages with none of these keywords."`
	Larger         int               `json:"larger" group:"Filter" min:"0" is:"advanced" doc:"Only messages of more bytes than that; 0 means any."`
	Smaller        int               `json:"smaller" group:"Filter" min:"0" is:"advanced" doc:"Only messages of fewer bytes than that; 0 means any."`
	AfterUID       int               `json:"after_uid" group:"Filter" min:"0" is:"advanced" doc:"Only messages with a higher UID: those that came after the last one you have seen."`
	Criteria       string            `json:"criteria" group:"Filter" is:"advanced" doc:"Conditions in the language of IMAP, for instance UNSEEN OR FROM \"bank\" SUBJECT \"invoice\" NOT KEYWORD Booked. They hold besides the others."`
}

// window is a span of arrival finer than the days that IMAP knows.
type window struct{ since, before time.Time }

func (w window) holds(t time.Time) bool {
	if t.IsZero() {
		return true
	}
	return (w.since.IsZero() || !t.Before(w.since)) && (w.before.IsZero() || t.Before(w.before))
}

// compile turns the filter into the server's criteria and what is left to be
// tested here.
func (f filter) compile() (*imap.SearchCriteria, window, error) {
	c := &imap.SearchCriteria{}
	var w window
	texts := []struct{ name, value string }{{"From", f.From}, {"To", f.To}, {"Cc", f.Cc}, {"Subject", f.Subject}}
	for _, t := range texts {
		if err := oneLine(strings.ToLower(t.name), t.value); err != nil {
			return nil, w, err
		}
		if t.value != "" {
			c.Header = append(c.Header, imap.SearchCriteriaHeaderField{Key: t.name, Value: t.value})
		}
	}
	names := make([]string, 0, len(f.Header))
	for k := range f.Header {
		names = append(names, k)
	}
	slices.Sort(names)
	for _, k := range names {
		if !validName(k) {
			return nil, w, input("use letters, digits and dashes", "%s is no name of a header", short(k))
		}
		if err := oneLine("the header "+k, f.Header[k]); err != nil {
			return nil, w, err
		}
		c.Header = append(c.Header, imap.SearchCriteriaHeaderField{Key: k, Value: f.Header[k]})
	}
	if err := oneLine("body", f.Body+f.Text); err != nil {
		return nil, w, err
	}
	if f.Body != "" {
		c.Body = []string{f.Body}
	}
	if f.Text != "" {
		c.Text = []string{f.Text}
	}
	flag := func(want *bool, x imap.Flag) {
		switch {
		case want == nil:
		case *want:
			c.Flag = append(c.Flag, x)
		default:
			c.NotFlag = append(c.NotFlag, x)
		}
	}
	if f.Status == "unread" || f.Status == "read" {
		read := f.Status == "read"
		flag(&read, imap.FlagSeen)
	}
	flag(f.Flagged, imap.FlagFlagged)
	flag(f.Answered, imap.FlagAnswered)
	for _, k := range slices.Concat(f.Keywords, f.NotKeywords) {
		if err := checkKeyword(k); err != nil {
			return nil, w, err
		}
	}
	for _, k := range f.Keywords {
		c.Flag = append(c.Flag, imap.Flag(k))
	}
	for _, k := range f.NotKeywords {
		c.NotFlag = append(c.NotFlag, imap.Flag(k))
	}
	c.Larger, c.Smaller = int64(f.Larger), int64(f.Smaller)
	if f.AfterUID >= math.MaxUint32 {
		return nil, w, input("take it from uid of a message", "after_uid is no UID")
	}
	if f.AfterUID > 0 {
		c.UID = []imap.UIDSet{{imap.UIDRange{Start: imap.UID(f.AfterUID + 1), Stop: 0}}}
	}
	if err := f.times(c, &w); err != nil {
		return nil, w, err
	}
	raw, err := parseCriteria(f.Criteria)
	if err != nil {
		return nil, w, err
	}
	c.And(raw)
	return c, w, nil
}

// times sets since and before. The server compares days in a zone of its own,
// so for times it is asked for a day more, and the rest is tested here.
func (f filter) times(c *imap.SearchCriteria, w *window) error {
	day := 24 * time.Hour
	if f.Since != "" {
		t, exact, err := parseWhen("since", f.Since)
		if err != nil {
			return err
		}
		if c.Since = t; exact {
			w.since = t
			c.Since = t.UTC().Truncate(day).Add(-day)
		}
	}
	if f.Before != "" {
		t, exact, err := parseWhen("before", f.Before)
		if err != nil {
			return err
		}
		if c.Before = t; exact {
			w.before = t
			c.Before = t.UTC().Truncate(day).Add(2 * day)
		}
	}
	return nil
}

// parseWhen reads a day or an instant; exact tells an instant.
func parseWhen(what, s string) (t time.Time, exact bool, err error) {
	s = strings.TrimSpace(s)
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t, false, nil
	}
	for _, l := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(l, s); err == nil {
			return t, true, nil
		}
	}
	return time.Time{}, false, input("write 2026-05-01, or 2026-05-01T08:00:00+02:00", "%s is neither a day nor a time with its zone: %s", what, short(s))
}
