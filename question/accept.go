package question

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aether-rpa/aether/value"
)

// Problem says what is wrong with the answer to one field.
type Problem struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Refusal is the error of an answer that does not fit its question.
type Refusal struct {
	Message  string    `json:"message,omitempty"`
	Problems []Problem `json:"problems,omitempty"`
}

// Error implements error.
func (r *Refusal) Error() string {
	words := []string{}
	if r.Message != "" {
		words = append(words, r.Message)
	}
	for _, p := range r.Problems {
		words = append(words, p.Message)
	}
	return strings.Join(words, "; ")
}

// Accept holds an answer to the question and returns it in its canonical form:
// every field has a value, and fields that were left out have their default.
// An empty button is the first. Of an answer that closes the question only the
// button and the comment count. The error is a *Refusal.
func (q *Question) Accept(a Answer) (Answer, error) {
	if a.Button == "" && len(q.Buttons) > 0 {
		a.Button = q.Buttons[0].Name
	}
	b, ok := q.Button(a.Button)
	if !ok {
		return a, &Refusal{Message: fmt.Sprintf("the decision must be one of %v, not %q", q.Names(), clip(a.Button))}
	}
	if b.Cancels {
		a.Values = nil
		return a, nil
	}
	out := make(map[string]any, len(q.Fields))
	r := &Refusal{}
	for i := range q.Fields {
		f := &q.Fields[i]
		v, given := a.Values[f.Name]
		if !given {
			v = f.Default
		}
		n, err := value.Normalize(v)
		if err == nil {
			n, err = f.Accept(n)
		}
		if err != nil {
			r.Problems = append(r.Problems, Problem{f.Name, err.Error()})
			continue
		}
		out[f.Name] = n
	}
	for _, k := range slices.Sorted(maps.Keys(a.Values)) {
		if q.Field(k) == nil {
			r.Problems = append(r.Problems, Problem{k, fmt.Sprintf("the question has no field %s; its fields are %s", k, strings.Join(q.fieldNames(), ", "))})
		}
	}
	if len(r.Problems) > 0 {
		return a, r
	}
	a.Values = out
	return a, nil
}

func (q *Question) fieldNames() []string {
	names := make([]string, len(q.Fields))
	for i, f := range q.Fields {
		names[i] = f.Name
	}
	return names
}

// Parse reads an answer as it is written on a command line: the name of a
// button, the value of the only field, or a JSON object with the values by
// field, or with button and values. The answer is not yet held to the question.
func (q *Question) Parse(text string) (Answer, error) {
	trimmed := strings.TrimSpace(text)
	if len(q.Fields) > 0 && strings.HasPrefix(trimmed, "{") {
		if v, err := value.Parse([]byte(trimmed)); err == nil {
			return q.fromObject(v.(map[string]any))
		} else if len(q.Fields) > 1 {
			return Answer{}, &Refusal{Message: "the answer is no JSON: " + err.Error()}
		}
	}
	var one *Field
	if len(q.Fields) == 1 {
		one = &q.Fields[0]
	}
	for _, b := range q.Buttons {
		if text == b.Name || len(q.Fields) > 0 && strings.EqualFold(trimmed, b.Name) || strings.EqualFold(trimmed, b.Label) && b.Label != "" {
			if one != nil && !b.Cancels {
				break // the only field may want this very word
			}
			if one != nil && one.Type == Choice {
				if _, err := one.Accept(trimmed); err == nil {
					break
				}
			}
			return Answer{Button: b.Name}, nil
		}
	}
	switch {
	case len(q.Fields) == 0:
		return Answer{Button: text}, nil
	case one == nil:
		return Answer{}, &Refusal{Message: fmt.Sprintf("the question has the fields %s: answer with a JSON object, or with one of %v", strings.Join(q.fieldNames(), ", "), q.Names())}
	}
	var v any = text
	if one.Type == Choices || one.Type == Files {
		if p, err := value.Parse([]byte(trimmed)); err == nil {
			if l, ok := p.([]any); ok {
				v = l
			}
		}
	}
	return Answer{Values: map[string]any{one.Name: v}}, nil
}

// fromObject tells {"button": ..., "values": ...} from values by field.
func (q *Question) fromObject(m map[string]any) (Answer, error) {
	values, whole := m["values"].(map[string]any)
	button, named := m["button"].(string)
	if q.Field("values") != nil || q.Field("button") != nil || !whole && !(named && len(m) == 1) {
		return Answer{Values: m}, nil
	}
	for k := range m {
		if k != "button" && k != "values" && k != "comment" {
			return Answer{}, &Refusal{Message: fmt.Sprintf("the answer has button, values and comment, not %s", k)}
		}
	}
	comment, _ := m["comment"].(string)
	return Answer{Button: button, Values: values, Comment: comment}, nil
}

// FromMessage reads an answer that came as a message.
func FromMessage(v any) (Answer, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return Answer{}, errors.New("the message is no answer")
	}
	var a Answer
	a.Button, _ = m["button"].(string)
	if c, ok := m["choice"].(string); ok && a.Button == "" {
		a.Button = c
	}
	a.Values, _ = m["values"].(map[string]any)
	a.Comment, _ = m["comment"].(string)
	a.By, _ = m["by"].(string)
	a.Via, _ = m["via"].(string)
	a.Maker, _ = m["maker"].(string)
	return a, nil
}

// Message returns the answer as the value of a message.
func (a Answer) Message() map[string]any {
	m := map[string]any{"button": a.Button, "comment": a.Comment, "by": a.By}
	if len(a.Values) > 0 {
		m["values"] = a.Values
	}
	if a.Via != "" {
		m["via"], m["maker"] = a.Via, a.Maker
	}
	return m
}

var nameRE = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,63}$`)

// Check says what is wrong with a declaration.
func (q *Question) Check() error {
	if len(q.Buttons) == 0 {
		return errors.New("a question needs a button")
	}
	if q.Several() && len(q.Fields) > 0 {
		return errors.New("several people can agree to a button and not to what is filled in: ask first, and then for the approvals")
	}
	seen := map[string]bool{}
	for _, b := range q.Buttons {
		if b.Name == "" || seen[b.Name] {
			return fmt.Errorf("the button %q has no name of its own", b.Name)
		}
		seen[b.Name] = true
	}
	seen = map[string]bool{}
	for i := range q.Fields {
		f := &q.Fields[i]
		if seen[f.Name] {
			return fmt.Errorf("two fields are named %s", f.Name)
		}
		seen[f.Name] = true
		if err := f.Check(); err != nil {
			return err
		}
	}
	return nil
}

// Check says what is wrong with the declaration of a field.
func (f *Field) Check() error {
	switch {
	case !nameRE.MatchString(f.Name):
		return fmt.Errorf("%q is no name of a field: letters, digits, _ and -", clip(f.Name))
	case !slices.Contains(Types, f.Type):
		return fmt.Errorf("the field %s has the unknown type %q; types are %s", f.Name, clip(f.Type), strings.Join(Types, ", "))
	case (f.Type == Choice || f.Type == Choices) && len(f.Choices) == 0:
		return fmt.Errorf("the field %s has no choices", f.Name)
	case f.Type == Secret && f.Default != nil:
		return fmt.Errorf("the field %s is a secret and cannot have a default", f.Name)
	}
	if f.Pattern != "" {
		if _, err := regexp.Compile(`^(?:` + f.Pattern + `)$`); err != nil {
			return fmt.Errorf("the pattern of the field %s is wrong: %w", f.Name, err)
		}
	}
	if f.Zone != "" {
		if _, err := time.LoadLocation(f.Zone); err != nil {
			return fmt.Errorf("the field %s: %q is no time zone", f.Name, clip(f.Zone))
		}
	}
	if f.Type == Secret && f.Proposed != nil {
		return fmt.Errorf("the field %s is a secret: no value can be proposed for it", f.Name)
	}
	for _, limit := range []any{f.Min, f.Max} {
		if err := f.checkLimit(limit); err != nil {
			return err
		}
	}
	if !f.empty(f.Default) {
		if _, err := f.Accept(f.Default); err != nil {
			return fmt.Errorf("the default of the field %s does not fit: %w", f.Name, err)
		}
	}
	return nil
}

func (f *Field) checkLimit(limit any) error {
	if limit == nil || limit == "" {
		return nil
	}
	switch f.Type {
	case Date, Clock, DateTime:
		s, ok := limit.(string)
		if !ok {
			return fmt.Errorf("min and max of the field %s are written like %s", f.Name, f.Form())
		}
		_, err := f.read(s)
		return err
	}
	if _, ok := float(limit); !ok {
		return fmt.Errorf("min and max of the field %s are numbers", f.Name)
	}
	return nil
}

// Options reads choices as a flow writes them: values, or maps with value and
// label.
func Options(list []any) []Option {
	out := make([]Option, 0, len(list))
	for _, v := range list {
		if m, ok := v.(map[string]any); ok {
			label, _ := m["label"].(string)
			if val, has := m["value"]; has && (len(m) == 1 || len(m) == 2 && label != "") {
				out = append(out, Option{Value: val, Label: label})
				continue
			}
		}
		out = append(out, Option{Value: v})
	}
	return out
}
