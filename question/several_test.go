package question_test

import (
	"strings"
	"testing"

	"github.com/aether-rpa/aether/question"
)

func two() *question.Question {
	return &question.Question{Kind: question.Approval, Message: "Pay?", Approvals: 2, Buttons: []question.Button{{Name: "approve"}, {Name: "reject"}}}
}

func TestDecide(t *testing.T) {
	yes := func(by string) question.Answer { return question.Answer{Button: "approve", By: by} }
	link := func(by, maker string) question.Answer {
		return question.Answer{Button: "approve", By: by, Via: question.ViaLink, Maker: maker}
	}
	for name, c := range map[string]struct {
		given []question.Answer
		by    string // "" for not decided
		out   string
	}{
		"none":                       {nil, "", ""},
		"one":                        {[]question.Answer{yes("kim")}, "", ""},
		"the same twice":             {[]question.Answer{yes("kim"), yes(" KIM ")}, "", ""},
		"two":                        {[]question.Answer{yes("kim"), yes("kim"), yes("ann")}, "kim, ann", "approve"},
		"a refusal ends it":          {[]question.Answer{yes("kim"), {Button: "reject", By: "kim"}, yes("ann")}, "kim", "reject"},
		"what comes later is late":   {[]question.Answer{yes("kim"), yes("ann"), {Button: "reject", By: "bob"}}, "kim, ann", "approve"},
		"by the flow's link":         {[]question.Answer{yes("kim"), link("boss", "")}, "kim, boss", "approve"},
		"the maker of the link":      {[]question.Answer{yes("kim"), link("boss", "kim")}, "", ""},
		"two links of one maker":     {[]question.Answer{link("a", "kim"), link("b", "kim")}, "", ""},
		"a link of one who does not": {[]question.Answer{yes("kim"), link("boss", "lee")}, "kim, boss", "approve"},
	} {
		a, ok := two().Decide(c.given)
		if ok != (c.by != "") || a.By != c.by || a.Button != c.out {
			t.Errorf("%s: %v %+v", name, ok, a)
		}
	}
}

func TestRefuses(t *testing.T) {
	q := two()
	q.NotStarter = true
	given := []question.Answer{{Button: "approve", By: "kim"}}
	for name, c := range map[string]struct {
		a     question.Answer
		wants string
	}{
		"another":                 {question.Answer{Button: "approve", By: "ann"}, ""},
		"the same":                {question.Answer{Button: "approve", By: "Kim"}, "answered already"},
		"nobody":                  {question.Answer{Button: "approve"}, "must be known"},
		"who started it":          {question.Answer{Button: "reject", By: "sam"}, "started the run"},
		"a link made by a sam":    {question.Answer{Button: "approve", By: "x", Via: question.ViaLink, Maker: "sam"}, "started the run"},
		"a link made by who did":  {question.Answer{Button: "approve", By: "x", Via: question.ViaLink, Maker: "kim"}, "cannot be both"},
		"a refusal of who agreed": {question.Answer{Button: "reject", By: "kim"}, ""},
	} {
		err := q.Refuses(c.a, given, "sam")
		if (err == nil) != (c.wants == "") || err != nil && !strings.Contains(err.Error(), c.wants) {
			t.Errorf("%s: %v", name, err)
		}
	}
	q.Fields = []question.Field{{Name: "a", Type: question.Text}}
	if err := q.Check(); err == nil {
		t.Error("several people may agree to what each fills in for itself")
	}
}
