package orch_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/robot"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/question"
)

// asks adds a run that waits for an answer.
func (a *archive) asks(id string, q *question.Question, more func(*engine.Wait)) {
	a.Helper()
	w := engine.Wait{Path: "ask", Kind: "approval", Topic: "answer:ask", Question: q.Message, Ask: q, Asked: time.Now().UnixMilli()}
	if more != nil {
		more(&w)
	}
	b, err := json.Marshal([]engine.Wait{w})
	if err != nil {
		a.Fatal(err)
	}
	a.recorded(run.Run{ID: id, Created: time.Now(), StartedBy: "sam"}, run.Attention)
	a.exec(`UPDATE {s}run SET waits = $1 WHERE id = $2`, string(b), id)
	a.o.SessionKey = func(_ context.Context, run string) ([]byte, error) {
		return robot.RunKey([]byte("a key of the installation"), run)
	}
	a.o.PublicURL = func() (string, error) { return "https://aether.example.com", nil }
}

func approvalOf(n int) *question.Question {
	return &question.Question{Kind: question.Approval, Message: "Pay?", Approvals: n, Buttons: []question.Button{{Name: "approve"}, {Name: "reject"}}}
}

func tokenOf(url string) string { _, token, _ := strings.Cut(url, "#"); return token }

// state wants an error that says that it is not possible now, with a text in it.
func (a *archive) state(err error, text string) {
	a.Helper()
	if !errors.Is(err, orch.ErrState) || !strings.Contains(err.Error(), text) {
		a.Errorf("got %v, want that it %s", err, text)
	}
}

func TestAnswerLinks(t *testing.T) {
	archives(t, func(a *archive) {
		ctx := a.Context()
		a.asks("r1", approvalOf(1), nil)
		made, err := a.o.LinkTo(ctx, "r1", "", "boss@example.com", "kim", 0)
		if err != nil || !strings.HasPrefix(made.URL, "https://aether.example.com/answer#") {
			a.Fatalf("%v %+v", err, made)
		}
		if d := time.Until(made.Ends); d < 6*24*time.Hour || d > 8*24*time.Hour {
			a.Errorf("it ends in %s", d)
		}
		q, l, _, err := a.o.ByLink(ctx, tokenOf(made.URL))
		if err != nil || l.For != "boss@example.com" || q.Run != "r1" || q.Path != "ask" {
			a.Fatalf("%v %+v %+v", err, l, q)
		}
		if _, _, _, err := a.o.ByLink(ctx, "x"+tokenOf(made.URL)); !errors.Is(err, orch.ErrInput) {
			a.Errorf("a forged link: %v", err)
		}
		if _, _, err := a.o.AnswerByLink(ctx, tokenOf(made.URL), question.Answer{Button: "what"}); err == nil || !strings.Contains(err.Error(), "must be one of") {
			a.Errorf("an answer that is none: %v", err)
		}
		if _, _, err := a.o.AnswerByLink(ctx, tokenOf(made.URL), question.Answer{Button: "approve", By: "forged"}); err != nil {
			a.Fatal(err)
		}
		_, _, err = a.o.AnswerByLink(ctx, tokenOf(made.URL), question.Answer{Button: "approve"})
		a.state(err, "has been answered")
		list, err := a.o.Runs.Messages(ctx, "r1", "answer:ask")
		if err != nil || len(list) != 1 || !strings.Contains(string(list[0].Data), `"by":"boss@example.com"`) {
			a.Errorf("%v %v", err, list)
		}
		// Who signs in is told so, too; the same answer of the same person once more is the same.
		if _, err := a.o.Answer(ctx, "r1", "ask", question.Answer{Button: "reject", By: "kim"}); err == nil || !strings.Contains(err.Error(), "answered already") {
			a.Errorf("a second answer: %v", err)
		}

		// Of a flow: the same each time, good from when it is asked.
		a.asks("r2", approvalOf(1), func(w *engine.Wait) { w.Asked = time.Now().Add(-2 * time.Hour).UnixMilli() })
		one, err := a.o.FlowLink(ctx, "r2", "answer:ask", "boss@example.com", time.Hour)
		two, again := a.o.FlowLink(ctx, "r2", "answer:ask", "boss@example.com", time.Hour)
		if err != nil || again != nil || one != two {
			a.Fatalf("%v %v\n%s\n%s", err, again, one, two)
		}
		_, _, _, err = a.o.ByLink(ctx, tokenOf(one))
		a.state(err, "was good until")
		long, err := a.o.FlowLink(ctx, "r2", "answer:ask", "boss@example.com", 3*time.Hour)
		if err != nil {
			a.Fatal(err)
		}
		if _, _, _, err := a.o.ByLink(ctx, tokenOf(long)); err != nil {
			a.Error(err)
		}
		early, err := a.o.FlowLink(ctx, "r2", "answer:later", "boss@example.com", 0)
		if err != nil {
			a.Fatal(err)
		}
		_, _, _, err = a.o.ByLink(ctx, tokenOf(early))
		a.state(err, "not asked now")
		if _, err := a.o.Runs.Cancel(ctx, "r2"); err != nil {
			a.Fatal(err)
		}
		_, _, err = a.o.AnswerByLink(ctx, tokenOf(long), question.Answer{Button: "approve"})
		a.state(err, "no longer open")

		// What asks for a secret has no links.
		secret := &question.Question{Kind: question.Form, Message: "?", Fields: []question.Field{{Name: "p", Type: question.Secret}}, Buttons: []question.Button{{Name: "ok"}}}
		a.asks("r3", secret, nil)
		if _, err := a.o.LinkTo(ctx, "r3", "", "x", "kim", 0); !errors.Is(err, orch.ErrInput) {
			a.Errorf("a link to a secret: %v", err)
		}
		forced, err := a.o.FlowLink(ctx, "r3", "answer:ask", "x", 0)
		if err != nil {
			a.Fatal(err)
		}
		_, _, _, err = a.o.ByLink(ctx, tokenOf(forced))
		a.state(err, "secret")
		// Nobody sends what only people may say.
		if _, err := a.o.Send(ctx, "r3", "answer:ask", "", map[string]any{"button": "ok", "by": "boss"}); !errors.Is(err, orch.ErrInput) {
			a.Errorf("an answer as a message: %v", err)
		}
	})
}

func TestSeveralApprovers(t *testing.T) {
	archives(t, func(a *archive) {
		ctx := a.Context()
		q := approvalOf(3)
		q.NotStarter = true
		a.asks("r1", q, nil)
		refused := func(answer question.Answer, text string) {
			a.Helper()
			var r *question.Refusal
			if _, err := a.o.Answer(ctx, "r1", "", answer); !errors.As(err, &r) || !strings.Contains(err.Error(), text) {
				a.Errorf("%+v: %v, want %q", answer, err, text)
			}
		}
		refused(question.Answer{Button: "approve", By: "Sam"}, "started the run")
		refused(question.Answer{Button: "approve"}, "must be known")
		made, err := a.o.LinkTo(ctx, "r1", "", "boss", "kim", time.Hour)
		if err != nil {
			a.Fatal(err)
		}
		// Everybody at once, each of them often, and the link that kim made: kim and it are one.
		var wg sync.WaitGroup
		var mu sync.Mutex
		took := map[string]int{}
		for i := range 12 {
			wg.Go(func() {
				by := []string{"kim", "ann", "boss"}[i%3]
				var err error
				if by == "boss" {
					_, _, err = a.o.AnswerByLink(ctx, tokenOf(made.URL), question.Answer{Button: "approve"})
				} else {
					_, err = a.o.Answer(ctx, "r1", "", question.Answer{Button: "approve", By: by})
				}
				mu.Lock()
				defer mu.Unlock()
				var r *question.Refusal
				switch {
				case err == nil:
					took[by]++
				case !errors.As(err, &r):
					a.Errorf("%s: %v", by, err)
				}
			})
		}
		wg.Wait()
		if took["ann"] != 1 || took["kim"]+took["boss"] != 1 {
			a.Errorf("answers that were taken: %v", took)
		}
		list, err := a.o.Askings(ctx, "", false)
		if err != nil || len(list) != 1 || len(list[0].Given) != 2 || list[0].Answered {
			a.Fatalf("%v %+v", err, list)
		}
		if why := list[0].Refuses("ANN"); !strings.Contains(why, "answered already") {
			a.Errorf("ann may answer again: %q", why)
		}
		if _, err := a.o.Answer(ctx, "r1", "", question.Answer{Button: "approve", By: "lee"}); err != nil {
			a.Fatal(err)
		}
		if list, err := a.o.Askings(ctx, "r1", true); err != nil || len(list) != 1 || !list[0].Answered {
			a.Errorf("%v %+v", err, list)
		}
		if list, err := a.o.Askings(ctx, "", false); err != nil || len(list) != 0 {
			a.Errorf("it still waits: %v %+v", err, list)
		}
		_, err = a.o.Answer(ctx, "r1", "", question.Answer{Button: "reject", By: "bob"})
		a.state(err, "answered already")
	})
}

// Two people who decide differently at the same moment: what is counted is what stands first.
func TestApproveAndRejectAtOnce(t *testing.T) {
	archives(t, func(a *archive) {
		for i := range 8 {
			id := fmt.Sprintf("r%d", i)
			a.asks(id, approvalOf(1), nil)
			var wg sync.WaitGroup
			errs := make([]error, 2)
			for j, button := range []string{"approve", "reject"} {
				wg.Go(func() {
					_, errs[j] = a.o.Answer(a.Context(), id, "", question.Answer{Button: button, By: button})
				})
			}
			wg.Wait()
			if (errs[0] == nil) == (errs[1] == nil) {
				a.Errorf("both were taken, or none: %v", errs)
			}
			if list, err := a.o.Runs.Messages(a.Context(), id, "answer:ask"); err != nil || len(list) != 1 {
				a.Errorf("%v %v", err, list)
			}
		}
	})
}
