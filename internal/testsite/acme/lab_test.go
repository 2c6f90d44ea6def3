package acme_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/testsite/acme"
)

func TestLabEffects(t *testing.T) {
	v := visit(t, acme.Config{})
	for _, kind := range []string{"frame.submit", "shadow.submit", "window.choose", "row.choose", "feed.like", "day.pick", "firm.pick",
		"editor.save", "question.answer", "letter.archive", "letter.undo", "note.save", "part.open", "obstacle.pass", "desk.take", "browser.tell", "clipboard.paste"} {
		p := v.post("/lab/do/"+kind, "key", "k-1", "text", "a,b")
		if p.status != http.StatusOK || p.text("received.key") != "k-1" {
			t.Errorf("%s gives %d %q", kind, p.status, p.text("main"))
		}
		v.want(kind, "k-1|text=a,b")
	}
	if p := v.post("/lab/do/workitem.update", "key", "WI-1"); p.status != http.StatusNotFound {
		t.Errorf("an effect that the lab does not know gives %d", p.status)
	}
	v.want("workitem.update")
}

func TestRowsCoverTheList(t *testing.T) {
	v := visit(t, acme.Config{Seed: 3})
	var answer struct {
		Rows []struct {
			N    int
			Name string
		}
		Total int
	}
	for _, tt := range []struct {
		query       string
		first, rows int
	}{{"from=0&count=30", 0, 30}, {"from=9990&count=30", 9990, 10}, {"from=10000", 0, 0}, {"from=-5&count=9999", 0, 200}} {
		answer.Rows = nil
		if err := json.Unmarshal([]byte(v.get("/lab/rows/data?"+tt.query).body), &answer); err != nil {
			t.Fatal(err)
		}
		if len(answer.Rows) != tt.rows || answer.Total != 10_000 || tt.rows > 0 && answer.Rows[0].N != tt.first {
			t.Errorf("%s gives %d rows from %+v of %d", tt.query, len(answer.Rows), answer.Rows, answer.Total)
		}
	}
}

func TestFeedEnds(t *testing.T) {
	v := visit(t, acme.Config{})
	var seen []int
	var answer struct {
		Messages []struct{ N int }
		More     bool
	}
	after := "0"
	for answer.More = true; answer.More; {
		answer.Messages = nil
		body := v.get("/lab/feed/data?after=" + after).body
		if err := json.Unmarshal([]byte(body), &answer); err != nil || len(answer.Messages) == 0 {
			t.Fatalf("%v: %s", err, body)
		}
		for _, m := range answer.Messages {
			seen = append(seen, m.N)
		}
		after = strconv.Itoa(seen[len(seen)-1])
	}
	if len(seen) != 200 || !slices.IsSorted(seen) || len(slices.Compact(seen)) != 200 {
		t.Errorf("the feed has %d messages: %v", len(seen), seen)
	}
}

func TestSuggestions(t *testing.T) {
	v := visit(t, acme.Config{})
	var answer struct{ Found []string }
	if err := json.Unmarshal([]byte(v.get("/lab/suggest/data?q=pap").body), &answer); err != nil {
		t.Fatal(err)
	}
	if len(answer.Found) != 8 || slices.ContainsFunc(answer.Found, func(s string) bool { return !strings.Contains(s, " Pap") }) {
		t.Errorf("pap finds %v", answer.Found)
	}
	for _, q := range []string{"", "%20", "zzz"} {
		if err := json.Unmarshal([]byte(v.get("/lab/suggest/data?q="+q).body), &answer); err != nil || len(answer.Found) != 0 {
			t.Errorf("%q finds %v, %v", q, answer.Found, err)
		}
	}
}

func TestFlaky(t *testing.T) {
	v := visit(t, acme.Config{})
	for _, tt := range []struct {
		path string
		want []int
	}{{"/lab/flaky?case=a", []int{500, 500, 200, 200}}, {"/lab/flaky?case=b", []int{500, 500, 200}}, {"/lab/flaky?case=c&fail=0", []int{200}}} {
		for n, want := range tt.want {
			if p := v.get(tt.path); p.status != want {
				t.Errorf("try %d of %s gives %d, want %d", n+1, tt.path, p.status, want)
			}
		}
	}
}

func TestLostAnswer(t *testing.T) {
	v := visit(t, acme.Config{})
	if p := v.post("/lab/lost", "reference", "P-1"); p.status != http.StatusInternalServerError {
		t.Errorf("the first answer is %d", p.status)
	}
	v.want("parcel.send", "P-1")
	if got := v.get("/lab/lost").text("lost.list"); got != "P-1" {
		t.Errorf("the list shows %q", got)
	}
	if p := v.post("/lab/lost", "reference", "P-1"); p.status != http.StatusOK {
		t.Errorf("the second answer is %d", p.status)
	}
	if twice := v.ledger.Twice("parcel.send"); twice["P-1"] != 2 {
		t.Errorf("sent twice, the ledger has %v", twice)
	}
}

func TestLimited(t *testing.T) {
	v := visit(t, acme.Config{})
	for n := range 3 {
		if p := v.post("/lab/limited", "key", "T-1"); p.status != http.StatusOK {
			t.Fatalf("call %d gives %d", n+1, p.status)
		}
		v.clock.pass(2 * time.Second)
	}
	p := v.post("/lab/limited", "key", "T-2")
	if p.status != http.StatusTooManyRequests || p.header.Get("Retry-After") != "4" {
		t.Errorf("the fourth call gives %d, Retry-After %q, want 429 and 4", p.status, p.header.Get("Retry-After"))
	}
	if p := v.get("/lab/limited?case=another"); p.status != http.StatusOK {
		t.Errorf("another case gives %d", p.status)
	}
	v.clock.pass(3 * time.Second)
	if p := v.post("/lab/limited", "key", "T-2"); p.status != http.StatusTooManyRequests || p.header.Get("Retry-After") != "1" {
		t.Errorf("a second too early gives %d, Retry-After %q", p.status, p.header.Get("Retry-After"))
	}
	v.clock.pass(time.Second)
	if p := v.post("/lab/limited", "key", "T-2"); p.status != http.StatusOK {
		t.Errorf("after the wait comes %d", p.status)
	}
	v.want("ticket.draw", "T-1", "T-1", "T-1", "T-2")
}

func TestRedirects(t *testing.T) {
	v := visit(t, acme.Config{})
	steps := 0
	v.client.CheckRedirect = func(*http.Request, []*http.Request) error { steps++; return nil }
	if p := v.get("/lab/redirects/5"); p.text("message.title") != "Arrived" || steps != 5 {
		t.Errorf("after %d steps comes %q", steps, p.text("main"))
	}
	v.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if p := v.get("/lab/redirects/endless"); p.header.Get("Location") != "/acme/lab/redirects/endless" {
		t.Errorf("endless leads to %q", p.header.Get("Location"))
	}
	if p := v.get("/lab/redirects/many"); p.status != http.StatusNotFound {
		t.Errorf("many gives %d", p.status)
	}
}

func TestBasicLogin(t *testing.T) {
	v := visit(t, acme.Config{})
	for _, tt := range []struct {
		user, password string
		want           int
	}{{"", "", 401}, {"basic", "wrong", 401}, {"basic\npractice-4", "", 401}, {"basic", "practice-4", 200}} {
		r, err := http.NewRequest(http.MethodGet, v.url+"/lab/basic", nil)
		if err != nil {
			t.Fatal(err)
		}
		if tt.user != "" {
			r.SetBasicAuth(tt.user, tt.password)
		}
		p := v.do(r)
		if p.status != tt.want || (p.status == 401) != (p.header.Get("WWW-Authenticate") == `Basic realm="Acme strongroom"`) {
			t.Errorf("%q gives %d, %q", tt.user, p.status, p.header.Get("WWW-Authenticate"))
		}
	}
	v.want("basic.enter", "basic")
}

func TestSlowEndsWithTheVisitor(t *testing.T) {
	office := acme.New(acme.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	office.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/lab?slow=60000", nil))
	if w.Body.Len() != 0 {
		t.Errorf("a visitor who has gone is answered %d bytes", w.Body.Len())
	}
	w = httptest.NewRecorder()
	office.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/lab?slow=20", nil))
	if w.Code != http.StatusOK || w.Body.Len() == 0 {
		t.Errorf("a slow page gives %d, %d bytes", w.Code, w.Body.Len())
	}
}
