package orch

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/aether-rpa/aether/internal/answerlink"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/question"
	"github.com/aether-rpa/aether/value"
)

// Asking is a question that is open: a run asks it, and nobody, or not everybody who must, has answered.
type Asking struct {
	Run       string    `json:"run"`
	Flow      string    `json:"flow"`
	StartedBy string    `json:"started_by,omitempty"`
	Labels    []string  `json:"labels,omitempty"`
	Path      string    `json:"path"`
	Kind      string    `json:"kind"` // question, approval, interrupted, session, doubt
	Asked     time.Time `json:"asked"`
	Until     time.Time `json:"until,omitzero"`
	// Late is what happens when nobody answers in time; see engine.Wait.
	Late string             `json:"late,omitempty"`
	Text string             `json:"text"` // the question in a line
	Ask  *question.Question `json:"-"`
	// Shown is Ask as those who show it read it.
	Shown json.RawMessage `json:"ask"`
	// Given are the answers so far: of a question that several people must answer, or one that no robot has taken yet.
	Given []Said `json:"given"`
	// Answered says that no more answers are needed: the run goes on when a robot is free.
	Answered bool `json:"answered,omitempty"`

	wait engine.Wait
	run  *run.Run
}

// Said is an answer that was given to a question which is still open.
type Said struct {
	By      string    `json:"by"`
	Via     string    `json:"via,omitempty"` // link for one by a link
	Maker   string    `json:"maker,omitempty"`
	Button  string    `json:"button"`
	Comment string    `json:"comment,omitempty"`
	At      time.Time `json:"at"`
}

// mostAsking is how many runs that wait are looked at for questions.
const mostAsking = 2000

// Askings lists what the runs ask people, the oldest question first; of one run if an id is given. Questions that are
// answered and that no robot has taken yet are among them only if all is set.
func (o *Orch) Askings(ctx context.Context, id string, all bool) ([]*Asking, error) {
	var list []*run.Run
	if id != "" {
		r, err := o.Runs.Get(ctx, id)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	} else {
		var err error
		if list, err = o.Runs.List(ctx, run.Filter{Asks: true, Oldest: true, Limit: mostAsking}); err != nil {
			return nil, err
		}
	}
	found := []*Asking{}
	var inboxes []run.Inbox
	for _, r := range list {
		if r.Status.Final() {
			continue
		}
		ws, err := Waits(r)
		if err != nil {
			return nil, err
		}
		for _, w := range ws {
			if w.Ask == nil {
				continue
			}
			found, inboxes = append(found, newAsking(r, w)), append(inboxes, run.Inbox{Run: r.ID, Topic: w.Topic})
		}
	}
	sent, err := o.Runs.MessagesOf(ctx, inboxes)
	if err != nil {
		return nil, err
	}
	out := []*Asking{}
	for i, a := range found {
		if err := a.hear(sent[inboxes[i]]); err != nil {
			return nil, err
		}
		if all || !a.Answered {
			out = append(out, a)
		}
	}
	slices.SortStableFunc(out, func(a, b *Asking) int {
		return cmp.Or(a.Asked.Compare(b.Asked), cmp.Compare(a.Run, b.Run), cmp.Compare(a.Path, b.Path))
	})
	return out, nil
}

func newAsking(r *run.Run, w engine.Wait) *Asking {
	a := &Asking{Run: r.ID, Flow: r.Flow, StartedBy: r.StartedBy, Labels: r.Labels, Path: w.Path, Kind: w.Kind, Asked: time.UnixMilli(w.Asked), Late: w.Late, Text: w.Question, Ask: w.Ask, wait: w, run: r}
	if w.Asked == 0 { // asked by an earlier version
		a.Asked = r.Started
	}
	if w.Until > 0 {
		a.Until = time.UnixMilli(w.Until)
	}
	return a
}

// hear reads the answers that were sent.
func (a *Asking) hear(sent []run.Message) (err error) {
	a.Shown, err = json.Marshal(a.Ask)
	a.Given = given(sent)
	_, a.Answered = a.Ask.Decide(answers(a.Given))
	return err
}

func (o *Orch) asking(ctx context.Context, r *run.Run, w engine.Wait) (*Asking, error) {
	a := newAsking(r, w)
	sent, err := o.Runs.Messages(ctx, r.ID, w.Topic)
	if err != nil {
		return nil, err
	}
	return a, a.hear(sent)
}

// given reads answers as they were sent; what is none is left out.
func given(sent []run.Message) []Said {
	out := []Said{}
	for _, m := range sent {
		v, err := value.Parse(m.Data)
		if err != nil {
			continue
		}
		a, err := question.FromMessage(v)
		if button, ok := v.(string); ok { // to an interrupted node
			a, err = question.Answer{Button: button}, nil
		}
		if err == nil {
			out = append(out, Said{By: a.By, Via: a.Via, Maker: a.Maker, Button: a.Button, Comment: a.Comment, At: m.At})
		}
	}
	return out
}

func answers(list []Said) []question.Answer {
	out := make([]question.Answer, len(list))
	for i, g := range list {
		out[i] = question.Answer{Button: g.Button, By: g.By, Via: g.Via, Maker: g.Maker, Comment: g.Comment}
	}
	return out
}

// AskingAt returns what a run asks at a path, which may be empty if there is only one.
func (o *Orch) AskingAt(ctx context.Context, id, path string) (*Asking, error) {
	r, w, err := o.asked(ctx, id, path)
	if err != nil {
		return nil, err
	}
	return o.asking(ctx, r, w)
}

// Refuses says why a person may not give the first answer to the question, empty if nothing is against it.
func (a *Asking) Refuses(by string) string { return a.refuses(question.Answer{By: by}) }

// RefusesLink is Refuses for the person that a link was made for.
func (a *Asking) RefusesLink(l *answerlink.Link) string {
	return a.refuses(question.Answer{By: l.For, Via: question.ViaLink, Maker: l.Maker})
}

func (a *Asking) refuses(first question.Answer) string {
	if len(a.Ask.Buttons) > 0 {
		first.Button = a.Ask.Buttons[0].Name
	}
	if err := a.Ask.Refuses(first, answers(a.Given), a.StartedBy); err != nil {
		return err.Error()
	}
	return ""
}

// screenshot is the digest of the picture that a question shows among its details.
func (a *Asking) screenshot() string {
	if a.Ask.Details == nil {
		return ""
	}
	b, err := json.Marshal(a.Ask.Details.Data["screenshot"])
	var digest string
	if err != nil || json.Unmarshal(b, &digest) != nil {
		return ""
	}
	return digest
}
