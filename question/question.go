// Package question declares what a run asks a person, as data: a terminal, the
// command line and a page in a browser show the same declaration, and an answer
// is held to it by one function (Question.Accept), wherever it comes from.
//
// # What an unattended run does
//
// A run is unattended when nobody can be asked in the process that executes it.
// Unattended then says whether the declared default is taken, the question
// counts as closed, or the run waits until somebody answers it from elsewhere.
package question

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aether-rpa/aether/value"
)

// Question is what a person is asked. It is plain data and may be written as
// JSON.
type Question struct {
	Kind    string   `json:"kind"` // how to show it; see the constants
	Style   string   `json:"style,omitempty"`
	Title   string   `json:"title,omitempty"`
	Message string   `json:"message,omitempty"`
	Fields  []Field  `json:"fields,omitempty"`
	Pages   []Page   `json:"pages,omitempty"`   // none: one page with all fields
	Buttons []Button `json:"buttons"`           // at least one
	Details *Details `json:"details,omitempty"` // shown beside the question
	// Default is the declared default; nil if there is none.
	Default *Answer `json:"default,omitempty"`
	// Unattended is default (take the default, or ask if there is none), ask, or
	// cancel (as if it was closed). Empty means ask.
	Unattended string `json:"unattended,omitempty"`
	// OnTimeout is fail, default or cancel. Empty means fail.
	OnTimeout string `json:"on_timeout,omitempty"`
	// Approvals is how many different people must give the first button as their
	// answer before it counts; every other button counts at once. 0 and 1 mean one.
	Approvals int `json:"approvals,omitempty"`
	// NotStarter says that who started the run may not answer.
	NotStarter bool `json:"not_starter,omitempty"`
}

// Kinds of questions: how they look. What may be answered is said by the
// fields and buttons alone.
const (
	Message  = "message"
	Confirm  = "confirm"
	Form     = "form"
	Table    = "table"
	Preview  = "preview"
	Approval = "approval"
	Decision = "decision" // what to do about an interrupted node
)

// Policies for when nobody answers.
const (
	TakeDefault = "default"
	Ask         = "ask"
	Cancel      = "cancel"
	Fail        = "fail"
)

// Page is a page of a question with many fields.
type Page struct {
	Title   string `json:"title,omitempty"`
	Message string `json:"message,omitempty"`
}

// Button is a way to end a question.
type Button struct {
	Name    string `json:"name"`
	Label   string `json:"label,omitempty"`
	Cancels bool   `json:"cancels,omitempty"` // it closes the question; fields do not count
}

// Text returns what stands on the button.
func (b Button) Text() string {
	if b.Label != "" {
		return b.Label
	}
	return b.Name
}

// Details are shown beside a question.
type Details struct {
	Text    string           `json:"text,omitempty"`
	Data    map[string]any   `json:"data,omitempty"`
	Columns []string         `json:"columns,omitempty"`
	Rows    []map[string]any `json:"rows,omitempty"`
	Total   int              `json:"total,omitempty"` // rows there are, if more than are shown
	File    string           `json:"file,omitempty"`  // to be looked at
	Page    int              `json:"page,omitempty"`  // of the file, to begin at
}

// Answer is what a person says.
type Answer struct {
	Button  string         `json:"button"`
	Values  map[string]any `json:"values,omitempty"` // by field
	Comment string         `json:"comment,omitempty"`
	By      string         `json:"by,omitempty"`
	// Via is ViaLink for an answer by a link that was made for By; Maker then is who
	// made the link by hand, empty if the flow did.
	Via   string `json:"via,omitempty"`
	Maker string `json:"maker,omitempty"`
}

// Reply is how a question ended.
type Reply struct {
	Answer
	Cancelled  bool      // it was closed
	TimedOut   bool      // nobody answered in time
	Unattended bool      // nobody could be asked, and the question says what then
	At         time.Time // zero if nobody answered
}

// Headline returns the question in one line.
func (q *Question) Headline() string {
	s := q.Message
	if strings.TrimSpace(s) == "" {
		s = q.Title
	}
	if q.Title != "" && q.Message != "" && q.Kind != Approval && q.Kind != Decision {
		s = q.Title + ": " + q.Message
	}
	return strings.Join(strings.Fields(s), " ")
}

// Names returns the names of the buttons.
func (q *Question) Names() []string {
	names := make([]string, len(q.Buttons))
	for i, b := range q.Buttons {
		names[i] = b.Name
	}
	return names
}

// Button returns the button of that name.
func (q *Question) Button(name string) (Button, bool) {
	i := slices.IndexFunc(q.Buttons, func(b Button) bool { return b.Name == name })
	if i < 0 {
		return Button{}, false
	}
	return q.Buttons[i], true
}

// Field returns the field of that name, or nil.
func (q *Question) Field(name string) *Field {
	for i := range q.Fields {
		if q.Fields[i].Name == name {
			return &q.Fields[i]
		}
	}
	return nil
}

// Closes reports whether an answer closes the question rather than answering it.
func (q *Question) Closes(a Answer) bool {
	b, ok := q.Button(a.Button)
	return b.Cancels || !ok && a.Button == CancelButton
}

// Secrets returns the fields whose answers must not be kept.
func (q *Question) Secrets() []Field {
	var out []Field
	for _, f := range q.Fields {
		if f.Type == Secret {
			out = append(out, f)
		}
	}
	return out
}

// closing returns the answer of somebody who closes the question.
func (q *Question) closing() Answer {
	for _, b := range q.Buttons {
		if b.Cancels {
			return Answer{Button: b.Name}
		}
	}
	return Answer{Button: CancelButton}
}

// Proposing returns the question with what is proposed as its defaults, for fronts that take what a person leaves as it
// is for an answer.
func (q *Question) Proposing() *Question {
	c := *q
	c.Fields = slices.Clone(q.Fields)
	for i := range c.Fields {
		if f := &c.Fields[i]; f.Proposed != nil {
			f.Default = f.Proposed
		}
	}
	return &c
}

// CancelButton is the name of the button that closes a question.
const CancelButton = "cancel"

// WhenUnattended returns the answer of a run that nobody attends. It is false
// if the run has to wait. Have tells which secrets are known already.
func (q *Question) WhenUnattended(have func(secret string) bool) (Answer, bool) {
	switch q.Unattended {
	case Cancel:
		return q.closing(), true
	case TakeDefault:
		if q.Default == nil || slices.ContainsFunc(q.Secrets(), func(f Field) bool { return !have(f.Keep) }) {
			return Answer{}, false
		}
		return q.byDefault()
	}
	return Answer{}, false
}

// byDefault returns the default answer with all that it leaves out. Secrets
// are not part of it.
func (q *Question) byDefault() (Answer, bool) {
	c := *q
	c.Fields = slices.DeleteFunc(slices.Clone(q.Fields), func(f Field) bool { return f.Type == Secret })
	a, err := c.Accept(*q.Default)
	if err != nil {
		return Answer{}, false
	}
	return a, true
}

// WhenLate returns the answer that counts when nobody answered in time, false
// if the question then fails.
func (q *Question) WhenLate() (Answer, bool) {
	switch {
	case q.OnTimeout == Cancel:
		return q.closing(), true
	case q.OnTimeout == TakeDefault && q.Default != nil && len(q.Secrets()) == 0:
		return q.byDefault()
	}
	return Answer{}, false
}

// Normalize brings the values inside a question that was read from JSON into
// their canonical form, and fills in what is left out.
func (q *Question) Normalize() (err error) {
	fix := func(v *any) {
		if err == nil {
			*v, err = value.Normalize(*v)
		}
	}
	fixMap := func(m map[string]any) {
		for k, v := range m {
			fix(&v)
			m[k] = v
		}
	}
	for i := range q.Fields {
		f := &q.Fields[i]
		if f.Type == Secret && f.Keep == "" {
			f.Keep = f.Name
		}
		fix(&f.Default)
		fix(&f.Proposed)
		fix(&f.Min)
		fix(&f.Max)
		for j := range f.Choices {
			fix(&f.Choices[j].Value)
		}
	}
	if q.Default != nil {
		fixMap(q.Default.Values)
	}
	if q.Details != nil {
		fixMap(q.Details.Data)
		for _, r := range q.Details.Rows {
			fixMap(r)
		}
	}
	return err
}

// OnlySecrets returns the question that asks again for what is not kept.
func (q *Question) OnlySecrets(known map[string]any) *Question {
	c := *q
	c.Fields, c.Pages, c.Default, c.Unattended = q.Secrets(), nil, nil, Ask
	for i := range c.Fields {
		c.Fields[i].Page = 0
	}
	c.Buttons = slices.DeleteFunc(slices.Clone(q.Buttons), func(b Button) bool { return b.Cancels })
	note := "Asked again: secrets are not recorded."
	for _, k := range slices.Sorted(maps.Keys(known)) {
		if s, ok := known[k].(string); ok && s != "" && q.Field(k) != nil {
			note += " " + q.Field(k).Text() + ": " + s + "."
		}
	}
	c.Message = strings.TrimSpace(q.Message + "\n" + note)
	return &c
}
