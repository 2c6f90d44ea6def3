package question_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/question"
	"github.com/aether-rpa/aether/value"
)

func TestField(t *testing.T) {
	choices := []question.Option{{Value: "MUC", Label: "Munich"}, {Value: "a, b"}, {Value: 3}}
	for _, tt := range []struct {
		name string
		f    question.Field
		in   any
		want any
		err  string
	}{
		{"text", question.Field{Type: question.Text}, " x ", " x ", ""},
		{"empty text", question.Field{Type: question.Text}, nil, "", ""},
		{"needed", question.Field{Type: question.Text, Required: true}, "  ", nil, "is needed"},
		{"one line", question.Field{Type: question.Text}, "a\nb", nil, "is one line"},
		{"lines", question.Field{Type: question.Multiline}, "a\nb", "a\nb", ""},
		{"too long, in characters", question.Field{Type: question.Text, Max: 2}, "äöü", nil, "at most 2"},
		{"just fits", question.Field{Type: question.Text, Max: 3}, "äöü", "äöü", ""},
		{"pattern", question.Field{Type: question.Text, Pattern: "[a-z]+"}, "abc1", nil, "form"},
		{"pattern is whole", question.Field{Type: question.Text, Pattern: "a|b"}, "ab", nil, "form"},
		{"hint", question.Field{Type: question.Text, Pattern: "x", PatternHint: "an x, please"}, "y", nil, "an x, please"},
		{"number", question.Field{Type: question.Number}, "1.5", 1.5, ""},
		{"whole number", question.Field{Type: question.Number}, "3.0", 3, ""},
		{"no number", question.Field{Type: question.Number}, "3x", nil, "no number"},
		{"quoted number", question.Field{Type: question.Number}, `"3"`, nil, "no number"},
		{"integer", question.Field{Type: question.Integer}, "+7", 7, ""},
		{"no integer", question.Field{Type: question.Integer}, "7.5", nil, "whole"},
		{"least", question.Field{Type: question.Number, Min: 1}, 0.5, nil, "at least 1"},
		{"nothing", question.Field{Type: question.Number}, "", nil, ""},
		{"yes", question.Field{Type: question.Bool}, "Yes", true, ""},
		{"not given", question.Field{Type: question.Bool}, nil, false, ""},
		{"maybe", question.Field{Type: question.Bool}, "maybe", nil, "yes or no"},
		{"choice by value", question.Field{Type: question.Choice, Choices: choices}, "MUC", "MUC", ""},
		{"choice by label", question.Field{Type: question.Choice, Choices: choices}, "munich", "MUC", ""},
		{"choice that is a number", question.Field{Type: question.Choice, Choices: choices}, "3", 3, ""},
		{"no choice", question.Field{Type: question.Choice, Choices: choices}, "Rome", nil, "one of Munich"},
		{"choices by comma", question.Field{Type: question.Choices, Choices: choices}, "MUC, 3, MUC", []any{"MUC", 3}, ""},
		{"choice with a comma", question.Field{Type: question.Choices, Choices: choices}, "a, b", []any{"a, b"}, ""},
		{"too many", question.Field{Type: question.Choices, Choices: choices, Max: 1}, []any{"MUC", 3}, nil, "at most 1"},
		{"file", question.Field{Type: question.File, Extensions: []string{"csv"}}, "a/b.CSV", "a/b.CSV", ""},
		{"other file", question.Field{Type: question.File, Extensions: []string{"csv"}}, "a/b.exe", nil, "kind csv"},
		{"date", question.Field{Type: question.Date}, "24.12.2026", "2026-12-24", ""},
		{"no date", question.Field{Type: question.Date}, "2026-02-30", nil, "like"},
		{"early", question.Field{Type: question.Date, Min: "2026-01-01"}, "2025-12-31", nil, "before"},
		{"time", question.Field{Type: question.Clock}, "7:05", "07:05:00", ""},
		{"datetime in a zone", question.Field{Type: question.DateTime, Zone: "Europe/Berlin"}, "2026-07-01 12:00", "2026-07-01T12:00:00+02:00", ""},
		{"datetime with offset", question.Field{Type: question.DateTime, Zone: "Europe/Berlin"}, "2026-07-01T12:00:00Z", "2026-07-01T12:00:00Z", ""},
		{"colour", question.Field{Type: question.Color}, "#FA0", "#ffaa00", ""},
		{"no alpha", question.Field{Type: question.Color}, "#11223344", nil, "colour"},
		{"alpha", question.Field{Type: question.Color, Alpha: true}, "11223344", "#11223344", ""},
		{"map for text", question.Field{Type: question.Text}, map[string]any{}, nil, "is a text"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.f.Name = "f"
			got, err := tt.f.Accept(tt.in)
			switch {
			case tt.err == "" && err != nil:
				t.Fatal(err)
			case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)):
				t.Fatalf("err = %v, want %q", err, tt.err)
			case tt.err == "" && !value.Equal(got, tt.want):
				t.Errorf("got %#v, want %#v", got, tt.want)
			}
		})
	}
}

func trip() *question.Question {
	return &question.Question{Kind: question.Form, Fields: []question.Field{
		{Name: "place", Type: question.Text, Required: true}, {Name: "days", Type: question.Integer, Default: 2},
	}, Buttons: []question.Button{{Name: "ok"}, {Name: "cancel", Cancels: true}}}
}

func TestAccept(t *testing.T) {
	q := trip()
	a, err := q.Accept(question.Answer{Values: map[string]any{"place": "Rome"}})
	if err != nil || a.Button != "ok" || a.Values["days"] != 2 {
		t.Errorf("a = %+v, err = %v", a, err)
	}
	if a, err := q.Accept(question.Answer{Button: "cancel", Values: map[string]any{"nonsense": 1}}); err != nil || a.Values != nil {
		t.Errorf("closing: a = %+v, err = %v", a, err)
	}
	_, err = q.Accept(question.Answer{Values: map[string]any{"days": "x", "more": 1}})
	var r *question.Refusal
	if !errors.As(err, &r) || len(r.Problems) != 3 {
		t.Errorf("err = %v, want what is wrong with place, days and more", err)
	}
	if _, err := q.Accept(question.Answer{Button: "maybe"}); err == nil || !strings.Contains(err.Error(), "[ok cancel]") {
		t.Errorf("err = %v", err)
	}
}

func TestParse(t *testing.T) {
	one := trip()
	one.Fields = one.Fields[:1]
	none := trip()
	none.Fields = nil
	pick := trip()
	pick.Fields = []question.Field{{Name: "v", Type: question.Choice, Choices: []question.Option{{Value: "cancel"}, {Value: "go"}}}}
	many := trip()
	many.Fields = []question.Field{{Name: "v", Type: question.Choices, Choices: []question.Option{{Value: 1}, {Value: 2}}}}
	for _, tt := range []struct {
		name, text, want string
		q                *question.Question
	}{
		{"a button", "ok", `{"button":"ok"}`, none},
		{"an unknown button", "no", "refused", none},
		{"the only field", "Rome", `{"button":"ok","values":{"place":"Rome"}}`, one},
		{"a field that is called like the button", "ok", `{"button":"ok","values":{"place":"ok"}}`, one},
		{"closing", "cancel", `{"button":"cancel"}`, one},
		{"by field", `{"place":"cancel"}`, `{"button":"ok","values":{"place":"cancel"}}`, one},
		{"a text that begins like JSON", "{x", `{"button":"ok","values":{"place":"{x"}}`, one},
		{"a choice that is called like the button", "cancel", `{"button":"ok","values":{"v":"cancel"}}`, pick},
		{"a list", "[2, 1]", `{"button":"ok","values":{"v":[2,1]}}`, many},
		{"a list by comma", "2,1", `{"button":"ok","values":{"v":[2,1]}}`, many},
		{"values of a form", `{"place":"Rome","days":3}`, `{"button":"ok","values":{"days":3,"place":"Rome"}}`, trip()},
		{"all of it", `{"button":"ok","values":{"place":"Rome"},"comment":"c"}`, `{"button":"ok","values":{"days":2,"place":"Rome"},"comment":"c"}`, trip()},
		{"a button of a form", "cancel", `{"button":"cancel"}`, trip()},
		{"a text for a form", "Rome", "refused", trip()},
		{"an unknown field", `{"place":"Rome","x":1}`, "refused", trip()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, err := tt.q.Parse(tt.text)
			if err == nil {
				a, err = tt.q.Accept(a)
			}
			got := "refused"
			if err == nil {
				b, err := json.Marshal(a)
				if err != nil {
					t.Fatal(err)
				}
				got = string(b)
			}
			if got != tt.want {
				t.Errorf("got %s (%v), want %s", got, err, tt.want)
			}
		})
	}
}

func TestNobody(t *testing.T) {
	none := func(string) bool { return false }
	q := trip()
	q.Unattended, q.OnTimeout = question.TakeDefault, question.TakeDefault
	if _, ok := q.WhenUnattended(none); ok {
		t.Error("a question without a default was answered")
	}
	q.Default = &question.Answer{Button: "ok"}
	if _, ok := q.WhenUnattended(none); ok {
		t.Error("a default that leaves out what is needed was taken")
	}
	q.Fields[0].Default = "Rome"
	if a, ok := q.WhenUnattended(none); !ok || a.Values["place"] != "Rome" || a.Values["days"] != 2 {
		t.Errorf("a = %+v, %v", a, ok)
	}
	if a, ok := q.WhenLate(); !ok || a.Values["days"] != 2 {
		t.Errorf("late: a = %+v, %v", a, ok)
	}
	q.Unattended = question.Cancel
	if a, ok := q.WhenUnattended(none); !ok || !q.Closes(a) {
		t.Errorf("closing: a = %+v, %v", a, ok)
	}
	q.Unattended = question.TakeDefault
	q.Fields = append(q.Fields, question.Field{Name: "pw", Type: question.Secret, Required: true, Keep: "bank"})
	if _, ok := q.WhenUnattended(none); ok {
		t.Error("a question for a secret was answered")
	}
	if _, ok := q.WhenUnattended(func(s string) bool { return s == "bank" }); !ok {
		t.Error("a secret that is known was not taken")
	}
	if _, ok := q.WhenLate(); ok {
		t.Error("a question for a secret has a default when the time is over")
	}
}

// TestCanonical checks that what was accepted is accepted again, unchanged.
func TestCanonical(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := question.Field{Name: "f", Type: rapid.SampledFrom(question.Types).Draw(t, "type"), Alpha: true, Choices: []question.Option{{Value: "a", Label: "A, b"}, {Value: 1}}}
		in := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"1", "yes", "a", "A, b", "2026-01-02", "12:30", "2026-01-02 12:30", "#abc", "x,y"})).Draw(t, "in")
		once, err := f.Accept(in)
		if err != nil {
			return
		}
		twice, err := f.Accept(once)
		if err != nil || !value.Equal(once, twice) {
			t.Fatalf("%q gave %#v, and that gave %#v (%v)", in, once, twice, err)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add(`{"place":"x"}`)
	f.Add("ok")
	f.Fuzz(func(t *testing.T, text string) {
		for _, q := range []*question.Question{trip(), {Kind: question.Confirm, Buttons: []question.Button{{Name: "yes"}, {Name: "no"}}}} {
			if a, err := q.Parse(text); err == nil {
				_, _ = q.Accept(a) // it must not panic
			}
		}
	})
}

func TestCheck(t *testing.T) {
	for want, q := range map[string]*question.Question{
		"needs a button":   {Kind: question.Form},
		"no name of a fie": {Buttons: []question.Button{{Name: "ok"}}, Fields: []question.Field{{Name: "a b", Type: question.Text}}},
		"unknown type":     {Buttons: []question.Button{{Name: "ok"}}, Fields: []question.Field{{Name: "a", Type: "x"}}},
		"no choices":       {Buttons: []question.Button{{Name: "ok"}}, Fields: []question.Field{{Name: "a", Type: question.Choice}}},
		"does not fit":     {Buttons: []question.Button{{Name: "ok"}}, Fields: []question.Field{{Name: "a", Type: question.Integer, Default: "x"}}},
		"are named a":      {Buttons: []question.Button{{Name: "ok"}}, Fields: []question.Field{{Name: "a", Type: question.Text}, {Name: "a", Type: question.Text}}},
		"cannot have a":    {Buttons: []question.Button{{Name: "ok"}}, Fields: []question.Field{{Name: "a", Type: question.Secret, Default: "x"}}},
		"are numbers":      {Buttons: []question.Button{{Name: "ok"}}, Fields: []question.Field{{Name: "a", Type: question.Text, Min: "x"}}},
	} {
		if err := q.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("err = %v, want %q", err, want)
		}
	}
}
