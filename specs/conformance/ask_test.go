package conformance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// approvalFlow writes a link to what it asks into a file, in a loop, and asks two people.
func approvalFlow(l *ledger) string {
	return `
outputs: {by: "{{ nodes.ask.by }}"}
nodes:
- {id: each, type: flow.for_each, params: {items: [1]}}
- {id: link, type: flow.answer_link, params: {ask: ask, for: boss@example.com}}
- {id: mail, type: file.write_text, params: {path: mail.txt, text: "{{ nodes.link.url }}"}}
- {id: sent, type: http.request, params: {method: POST, url: "` + l.URL + `/sent", body: {kind: json, json: {link: "{{ nodes.link.url }}"}}}}
- {id: ask, type: flow.wait_for_approval, params: {question: "Pay?", approvals: 2, not_starter: true}}
- {id: paid, type: http.request, params: {method: POST, url: "` + l.URL + `/paid"}}
edges: [each.body -> link, link -> mail, mail -> sent, sent -> ask, ask.approve -> paid]
`
}

// tokenIn returns what lets in of the link in a file.
func tokenIn(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, token, ok := strings.Cut(strings.TrimSpace(string(b)), "/answer#")
	if !ok {
		t.Fatalf("%q is no link", b)
	}
	return token
}

// Two people approve, and between them the server is killed: the first answer stays, the mail is sent once, and the
// link that was sent before is good after.
func TestApprovalsSurvive(t *testing.T) {
	fleets(t, func(t *testing.T, h *home) {
		l := newLedger(t)
		h.env = append(h.env, "USER=sam")
		h.want(0, "secret", "key", "new") // links are signed with the key of the store
		h.flow(approvalFlow(l))
		s := h.serve("up")
		run, _ := h.add("--label", "acme")
		h.settled(run, "attention")
		token := tokenIn(t, filepath.Join(h.dir, "mail.txt"))
		if r := h.want(2, "runs", "answer", run, "approve"); !strings.Contains(r.err, "sam started the run") {
			t.Errorf("who started it may answer:\n%s", r.err)
		}
		s.call(200, "POST", "/api/v1/runs/"+run+"/answer", map[string]any{"answer": "approve"})
		s.call(422, "POST", "/api/v1/runs/"+run+"/answer", map[string]any{"answer": "approve"})
		s.kill()
		if out := h.want(0, "runs", "show", run).out; !strings.Contains(out, "1 of 2 approvals") || !strings.Contains(out, "first token") {
			t.Errorf("the first answer is not shown:\n%s", out)
		}
		if out := h.want(0, "runs", "list", "--label", "acme").out; !strings.Contains(out, run) {
			t.Errorf("it is not found by its label:\n%s", out)
		}
		admin := s.token
		s = h.serve("up")
		s.token = "" // the link is enough
		if q := s.call(200, "POST", "/api/v1/answer-link", map[string]any{"token": token}); q["for"] != "boss@example.com" || len(q["given"].([]any)) != 1 {
			t.Errorf("the question of the link: %v", q)
		}
		s.call(401, "GET", "/api/v1/runs/"+run, nil)
		s.call(204, "POST", "/api/v1/answer-link/answer", map[string]any{"token": token, "button": "approve"})
		h.settled(run, "done")
		s.call(409, "POST", "/api/v1/answer-link/answer", map[string]any{"token": token, "button": "reject"})
		l.want(t, "sent paid")
		if out := h.show(run).Output; out["by"] != "first token, boss@example.com" {
			t.Errorf("output: %v", out)
		}
		s.token = admin
		acts := s.call(200, "GET", "/api/v1/audit?action=answer-by-link", nil)["items"].([]any)
		if len(acts) != 1 || acts[0].(map[string]any)["who"] != "boss@example.com (by link)" {
			t.Errorf("audit: %v", acts)
		}
		if h.stored(token) {
			t.Error("the link is kept")
		}
	})
}

// A robot without a database makes links that its server takes.
func TestRemoteLinks(t *testing.T) {
	fleets(t, func(t *testing.T, h *home) {
		l := newLedger(t)
		h.env = append(h.env, "USER=sam")
		h.want(0, "secret", "key", "new")
		h.flow(approvalFlow(l))
		s := h.serve("serve")
		d := h.desk(t, "desk", s.url)
		d.up()
		run, _ := h.add()
		h.settled(run, "attention")
		token := tokenIn(t, filepath.Join(d.dir, "mail.txt"))
		s.call(204, "POST", "/api/v1/answer-link/answer", map[string]any{"token": token, "button": "approve"})
		s.call(200, "POST", "/api/v1/runs/"+run+"/answer", map[string]any{"answer": "approve"})
		h.settled(run, "done")
		l.want(t, "sent paid")
	})
}
