package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/question"
)

// asking adds a run that waits for an answer, with all that links need.
func (s *site) asking(q *question.Question) (run string) {
	s.Helper()
	s.push()
	var out orch.Submitted
	s.want(201, auth.Operator, "POST", "/runs", map[string]any{"flow": "greet", "input": map[string]any{"who": "Ada"}, "labels": []string{"acme", "b"}}, &out)
	waits, err := json.Marshal([]engine.Wait{{Path: "ask", Kind: "approval", Topic: "answer:ask", Question: q.Message, Ask: q, Asked: time.Now().UnixMilli()}})
	if err != nil {
		s.Fatal(err)
	}
	if _, err := s.db.Exec(s.Context(), `UPDATE {s}run SET status = 'attention', waits = $1 WHERE id = $2`, string(waits), out.Run); err != nil {
		s.Fatal(err)
	}
	s.srv.Orch.SessionKey = func(_ context.Context, run string) ([]byte, error) { return []byte("key of " + run), nil }
	s.srv.Orch.PublicURL = func() (string, error) { return "https://aether.example.com", nil }
	return out.Run
}

// byLink sends a request with nothing but a link.
func (s *site) byLink(path string, body map[string]any) (int, string) {
	s.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		s.Fatal(err)
	}
	req, err := http.NewRequestWithContext(s.Context(), http.MethodPost, s.url+"/api/v1/answer-link"+path, bytes.NewReader(b))
	if err != nil {
		s.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.Fatal(err)
	}
	defer res.Body.Close()
	var out bytes.Buffer
	if _, err := out.ReadFrom(res.Body); err != nil {
		s.Fatal(err)
	}
	return res.StatusCode, out.String()
}

func TestQuestions(t *testing.T) {
	each(t, func(s *site) {
		const word = "s0-nobody-else-sees-it"
		run := s.asking(&question.Question{Kind: question.Approval, Message: "Pay " + word + "?", Buttons: []question.Button{{Name: "approve"}, {Name: "reject"}}})
		var list struct {
			Items []struct {
				Run, Path, StartedBy, Refused string
				Given                         []any
			}
			Total, Mine int
		}
		s.want(200, auth.Viewer, "GET", "/questions", nil, &list)
		if list.Total != 1 || list.Mine != 1 || list.Items[0].Run != run || list.Items[0].Given == nil {
			s.Errorf("questions: %+v", list)
		}
		s.want(200, auth.Viewer, "GET", "/questions?run="+run, nil, &list)
		s.want(404, auth.Viewer, "GET", "/questions?run=none", nil, nil)
		s.want(404, auth.Viewer, "GET", "/runs/"+run+"/question/picture", nil, nil)
		var found struct{ Items []struct{ ID string } }
		s.want(200, auth.Viewer, "GET", "/runs?label=acme&label=b", nil, &found)
		if len(found.Items) != 1 || found.Items[0].ID != run {
			s.Errorf("by its labels: %+v", found)
		}
		if s.want(200, auth.Viewer, "GET", "/runs?label=acme&label=c", nil, &found); len(found.Items) != 0 {
			s.Errorf("by a label it has not: %+v", found)
		}
		s.want(422, auth.Operator, "POST", "/runs", map[string]any{"flow": "greet", "input": map[string]any{"who": "x"}, "labels": []string{"<b>"}}, nil)

		s.want(403, auth.Viewer, "POST", "/runs/"+run+"/link", map[string]any{"for": "boss"}, nil)
		s.want(422, auth.Operator, "POST", "/runs/"+run+"/link", map[string]any{"for": " "}, nil)
		var made orch.MadeLink
		s.want(201, auth.Operator, "POST", "/runs/"+run+"/link", map[string]any{"for": "boss@example.com", "hours": 2}, &made)
		_, token, _ := strings.Cut(made.URL, "#")
		code, b := s.byLink("", map[string]any{"token": token})
		if code != 200 || !strings.Contains(b, word) || strings.Contains(b, run) || strings.Contains(b, "Ada") {
			s.Errorf("what the link shows: %d %s", code, b)
		}
		// It opens nothing else.
		for _, path := range []string{"/runs/" + run, "/questions", "/me", "/flows"} {
			req, err := http.NewRequestWithContext(s.Context(), http.MethodGet, s.url+"/api/v1"+path, nil)
			if err != nil {
				s.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+token)
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				s.Fatal(err)
			}
			if _ = res.Body.Close(); res.StatusCode != http.StatusUnauthorized {
				s.Errorf("%s with the link: %d", path, res.StatusCode)
			}
		}
		if code, b := s.byLink("", map[string]any{"token": token + "x"}); code != 422 || !strings.Contains(b, "not one of this server") {
			s.Errorf("a forged link: %d %s", code, b)
		}
		if code, _ := s.byLink("/picture", map[string]any{"token": token}); code != 404 {
			s.Errorf("a picture that is not there: %d", code)
		}
		if code, b := s.byLink("/answer", map[string]any{"token": token, "button": "approve", "comment": "fits"}); code != 204 {
			s.Errorf("the answer: %d %s", code, b)
		}
		for range 2 {
			if code, b := s.byLink("/answer", map[string]any{"token": token, "button": "approve"}); code != 409 || !strings.Contains(b, "answered") {
				s.Errorf("once more: %d %s", code, b)
			}
		}
		var acts struct{ Items []auth.Act }
		s.want(200, auth.Admin, "GET", "/audit?limit=2", nil, &acts)
		if len(acts.Items) != 2 || acts.Items[0].Who != "boss@example.com (by link)" || acts.Items[0].Object != run || acts.Items[1].Action != "make-answer-link" || acts.Items[1].Detail != "for boss@example.com" {
			s.Errorf("audit: %+v", acts)
		}
		if strings.Contains(s.log.String(), token) {
			s.Error("the link stands in the log")
		}
		// Who guesses is held up, and nobody else.
		refused := false
		for range 1000 {
			code, _ := s.byLink("", map[string]any{"token": "guess"})
			if refused = code == http.StatusTooManyRequests; refused {
				break
			}
		}
		if !refused {
			s.Error("links may be guessed without an end")
		}
		s.want(200, auth.Viewer, "GET", "/me", nil, nil)
	})
}
