package conformance

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// adviser is a server of a language model that speaks OpenAI's chat completions, as far as a client can tell.
type adviser struct {
	url    string
	answer func(number int) string // what the model says, given the number of the right element, 0 if it was not shown
	hang   bool

	mu    sync.Mutex
	asked []string // what the user's message said
	keys  []string
}

func newAdviser(t *testing.T, right string) *adviser {
	t.Helper()
	a := &adviser{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Model    string
			Messages []struct{ Role, Content string }
		}
		b, err := io.ReadAll(r.Body)
		if err != nil || json.Unmarshal(b, &in) != nil || r.URL.Path != "/v1/chat/completions" || in.Model != "small" || len(in.Messages) != 2 {
			t.Errorf("the model was asked %s with %s", r.URL.Path, b)
			return
		}
		var shown struct {
			Now []struct {
				Number int
				Text   string
			} `json:"on_the_page_now"`
		}
		if err := json.Unmarshal([]byte(in.Messages[1].Content), &shown); err != nil {
			t.Error(err)
		}
		number := 0
		for _, e := range shown.Now {
			if e.Text == right {
				number = e.Number
			}
		}
		a.mu.Lock()
		a.asked, a.keys = append(a.asked, in.Messages[1].Content), append(a.keys, r.Header.Get("Authorization"))
		a.mu.Unlock()
		if a.hang {
			<-r.Context().Done()
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"choices": []any{map[string]any{"message": map[string]any{"role": "assistant", "content": a.answer(number)}}}})
	}))
	t.Cleanup(srv.Close)
	a.url = srv.URL + "/v1"
	return a
}

// heard is what the model was asked so far, and with which keys.
func (a *adviser) heard() (asked, keys []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.asked), slices.Clone(a.keys)
}

// A button says something else after a release, and a model at an endpoint that was configured is asked through the whole
// program, with a real browser: what it chooses is pressed and proposed, and whatever is no choice leaves it to a person.
func TestHealingAdvised(t *testing.T) {
	t.Parallel()
	needsBrowser(t)
	const right = "Look at what was bought"
	for _, c := range []struct {
		name   string
		answer func(number int) string
		hang   bool
		chosen bool
		says   string // in the evidence
	}{
		{"well", func(n int) string { return fmt.Sprintf(`{"choice": %d, "reason": "the same purpose"}`, n) }, false, true, "the same purpose"},
		{"abstains", func(int) string { return `{"choice": 0, "reason": "cannot tell"}` }, false, false, "cannot tell"},
		{"out of range", func(int) string { return `{"choice": 9, "reason": "the ninth"}` }, false, false, "chose element 9"},
		{"no choice at all", func(int) string { return "I would press the button." }, false, false, "something else than a choice"},
		{"slow", nil, true, false, "took longer than 1s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var fresh atomic.Bool
			var mu sync.Mutex
			var pressed []string
			site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				if what, ok := strings.CutPrefix(r.URL.Path, "/pressed/"); ok {
					mu.Lock()
					pressed = append(pressed, what)
					mu.Unlock()
				}
				word, id := "Show the list", "show"
				if fresh.Load() {
					word, id = right, "k81"
				}
				fmt.Fprintf(w, `<!doctype html><title>Orders</title><h1>Orders</h1><p>Account <input id=account name=account></p>
<p><button type=button id=%s onclick="location = '/pressed/right'">%s</button></p><p><a href=/pressed/other>Terms of use</a></p>`, id, word)
			}))
			t.Cleanup(site.Close)
			a := newAdviser(t, right)
			a.answer, a.hang = c.answer, c.hang
			h := newHome(t)
			t.Cleanup(h.browserGone)
			n := &notes{home: h}
			h.want(0, "secret", "key", "new")
			h.keep("model-key", "k3y-of-the-model")
			h.keep("account", "DE0012345678")
			h.env = append(h.env, "AETHER_HEAL_MODEL_URL="+a.url, "AETHER_HEAL_MODEL=small", "AETHER_HEAL_MODEL_KEY=model-key", "AETHER_HEAL_MODEL_TIMEOUT=1s")
			if !c.hang {
				h.env[len(h.env)-1] = "AETHER_HEAL_MODEL_TIMEOUT=20s" // a machine that is busy
			}
			h.flow(`nodes:
  - {id: open, type: web.open, params: {url: "` + site.URL + `"}}
  - {id: account, type: web.fill, params: {target: css=#account, secret: {secret: account}}}
  - {id: show, type: web.click, params: {target: css=#show, timeout: 10s}}
edges: [open -> account, account -> show]
`)
			h.want(0, "run", "flow.yaml", "--id", "first")
			if got, _ := a.heard(); len(got) != 0 {
				t.Errorf("asked %v where nothing was in doubt", got)
			}
			mu.Lock()
			pressed = nil
			mu.Unlock()
			fresh.Store(true)
			r := h.aether("run", "flow.yaml", "--id", "one")
			list := n.heals()
			if len(list) != 1 {
				t.Fatalf("heals: %+v\n%s%s", list, r.out, r.err)
			}
			shown := n.want(0, "heal", "show", fmt.Sprint(list[0].ID)).out
			evidence := n.want(0, "heal", "show", fmt.Sprint(list[0].ID), "--json").out
			status, outcome, want := "attention", "asked", []string{}
			if c.chosen {
				status, outcome, want = "done", "healed", []string{"right"}
			}
			if got := h.show("one").Status; got != status || list[0].Outcome != outcome || list[0].State != "proposed" {
				t.Errorf("the run is %s, and the heal %+v\n%s%s", got, list[0], r.out, r.err)
			}
			mu.Lock()
			if fmt.Sprint(pressed) != fmt.Sprint(want) {
				t.Errorf("pressed %v, want %v", pressed, want)
			}
			mu.Unlock()
			if !strings.Contains(shown, c.says) || !strings.Contains(evidence, c.says) {
				t.Errorf("the evidence does not say %q:\n%s", c.says, shown)
			}
			asked, keys := a.heard()
			if len(asked) != 1 || keys[0] != "Bearer k3y-of-the-model" || !strings.Contains(asked[0], right) || !strings.Contains(asked[0], "Show the list") {
				t.Errorf("asked %v with the keys %v", asked, keys)
			}
			for _, text := range append([]string{r.out, r.err, shown, evidence}, asked...) {
				if strings.Contains(text, "DE0012345678") || strings.Contains(text, "k3y-of-the-model") {
					t.Errorf("a secret stands in %s", text)
				}
			}
			if c.chosen { // and a person has the last word
				n.want(0, "heal", "approve", fmt.Sprint(list[0].ID))
				h.want(0, "run", "flow.yaml", "--id", "last")
				asked, _ := a.heard()
				if got := n.healEvents("last"); len(got) != 0 || len(asked) != 1 {
					t.Errorf("the run after the approval told %v, and the model was asked %d times", got, len(asked))
				}
			}
		})
	}
}
