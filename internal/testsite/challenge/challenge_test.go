package challenge_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/antchfx/htmlquery"
	"golang.org/x/net/html"

	"github.com/aether-rpa/aether/internal/testsite/challenge"
	"github.com/aether-rpa/aether/internal/testsite/ledger"
)

// visitor is somebody who takes part in the challenge, without a browser.
type visitor struct {
	*testing.T
	http   *http.Client
	base   string // of the variant
	ledger *ledger.Ledger
	now    time.Time
}

func visit(t *testing.T, variant string) *visitor {
	t.Helper()
	v := &visitor{T: t, ledger: ledger.New(nil), now: time.UnixMilli(1_800_000_000_000)}
	h, err := challenge.New(challenge.Config{Ledger: v.ledger, Seed: 5, Prefix: "/challenge", Now: func() time.Time { v.now = v.now.Add(100 * time.Millisecond); return v.now }})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	jar, _ := cookiejar.New(nil)
	v.http, v.base = &http.Client{Jar: jar}, srv.URL+"/challenge/"+variant
	return v
}

func (v *visitor) get(path string) (int, string) { return v.do("GET", path, nil) }

func (v *visitor) do(method, path string, values url.Values) (int, string) {
	v.Helper()
	r, err := http.NewRequestWithContext(v.Context(), method, v.base+path, strings.NewReader(values.Encode()))
	if err != nil {
		v.Fatal(err)
	}
	if method == "POST" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := v.http.Do(r)
	if err != nil {
		v.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		v.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// page is what a visitor sees.
type page struct {
	doc    *html.Node
	button string
	ids    map[challenge.Field]string
	order  []string
	action string
	result string
}

func (v *visitor) page() page {
	v.Helper()
	code, text := v.get("")
	if code != http.StatusOK {
		v.Fatalf("the page answers %d: %s", code, text)
	}
	doc, err := htmlquery.Parse(strings.NewReader(text))
	if err != nil {
		v.Fatal(err)
	}
	p := page{doc: doc, ids: map[challenge.Field]string{}}
	p.button = htmlquery.InnerText(htmlquery.FindOne(doc, "//button"))
	for _, n := range htmlquery.Find(doc, "//input[@id]") {
		for _, f := range challenge.Fields {
			if htmlquery.SelectAttr(n, "data-truth") == f.Part() {
				p.ids[f] = htmlquery.SelectAttr(n, "id")
				p.order = append(p.order, f.String())
			}
		}
	}
	if form := htmlquery.FindOne(doc, "//form[starts-with(@action,'submit')]"); form != nil {
		p.action = htmlquery.SelectAttr(form, "action")
	}
	if n := htmlquery.FindOne(doc, "//div[@class='congratulations']/div[@class='message2']"); n != nil {
		p.result = htmlquery.InnerText(n)
	}
	return p
}

func (p page) filled(person challenge.Person) url.Values {
	values := url.Values{}
	for f, id := range p.ids {
		values.Set(id, person[f])
	}
	return values
}

func (v *visitor) start() {
	v.Helper()
	if code, text := v.do("POST", "start", nil); code != http.StatusOK {
		v.Fatalf("Start answers %d: %s", code, text)
	}
}

func TestSeventyOfSeventyInEachVariant(t *testing.T) {
	for _, kind := range challenge.Variants {
		t.Run(string(kind.Variant), func(t *testing.T) {
			v := visit(t, string(kind.Variant)+"/")
			if got := v.page().button; got != "Start" {
				t.Errorf("the button says %q before, want Start", got)
			}
			v.start()
			for i, person := range challenge.People() {
				p := v.page()
				if want := fmt.Sprintf("Round %d", i+1); p.button != want || len(p.ids) != 7 {
					t.Fatalf("the button says %q over %d fields, want %q over 7", p.button, len(p.ids), want)
				}
				if code, text := v.do("POST", p.action, p.filled(person)); code != http.StatusOK {
					t.Fatalf("round %d answers %d: %s", i+1, code, text)
				}
			}
			p := v.page()
			if want := "Your success rate is 100% ( 70 out of 70 fields) in 100 milliseconds"; p.result != want || p.button != "Reset" {
				t.Errorf("got %q and the button %q, want %q and Reset", p.result, p.button, want)
			}
			rounds := v.ledger.All("challenge.submit")
			if len(rounds) != challenge.Rounds || len(v.ledger.Twice("challenge.submit")) != 0 {
				t.Fatalf("the ledger has %d rounds, %v of them twice; want 10, none", len(rounds), v.ledger.Twice("challenge.submit"))
			}
			for i, e := range rounds {
				for f, want := range challenge.People()[i] {
					if got := e.Facts[challenge.Field(f).String()]; got != want {
						t.Errorf("round %d: the ledger has %q for %s, want %q", i+1, got, challenge.Field(f), want)
					}
				}
			}
			if done := v.ledger.All("challenge.done"); len(done) != 1 || done[0].Facts["points"] != "70" || done[0].Facts["rate"] != "100" {
				t.Errorf("the end in the ledger: %v", done)
			}
			v.start()
			if p := v.page(); p.button != "Start" || p.result != "" || len(p.ids) != 7 {
				t.Errorf("after Reset the button says %q, the result %q, and there are %d fields", p.button, p.result, len(p.ids))
			}
		})
	}
}

func TestScoringIsStrict(t *testing.T) {
	people := challenge.People()
	tests := []struct {
		name   string
		change func(round int, p page, values url.Values) url.Values
		want   string // rate and count
	}{
		{"one wrong value", func(round int, p page, values url.Values) url.Values {
			if round == 3 {
				values.Set(p.ids[challenge.Email], "m.lindqvist@harbourfreight.example ")
			}
			return values
		}, "98.57142857142858% ( 69 "},
		{"a phone number as a spreadsheet shows it", func(_ int, p page, values url.Values) url.Values {
			values.Set(p.ids[challenge.Phone], values.Get(p.ids[challenge.Phone])+".0")
			return values
		}, "85.71428571428571% ( 60 "},
		{"first and last name changed over", func(_ int, p page, values url.Values) url.Values {
			a, b := p.ids[challenge.FirstName], p.ids[challenge.LastName]
			x, y := values.Get(a), values.Get(b)
			values.Set(a, y)
			values.Set(b, x)
			return values
		}, "71.42857142857143% ( 50 "},
		{"rows in another order", func(round int, p page, _ url.Values) url.Values { return p.filled(people[9-round]) }, "0% ( 0 "},
		{"nothing sent", func(int, page, url.Values) url.Values { return url.Values{} }, "0% ( 0 "},
		{"two values for one field", func(_ int, p page, values url.Values) url.Values {
			values.Add(p.ids[challenge.Role], "x")
			return values
		}, "85.71428571428571% ( 60 "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := visit(t, "")
			v.page()
			v.start()
			for i, person := range people {
				p := v.page()
				v.do("POST", p.action, tt.change(i, p, p.filled(person)))
			}
			if got := v.page().result; !strings.Contains(got, "Your success rate is "+tt.want) {
				t.Errorf("got %q, want %s", got, tt.want)
			}
		})
	}
}

func TestARoundThatIsSentTwiceShowsInTheLedger(t *testing.T) {
	v := visit(t, "")
	v.page()
	v.start()
	p := v.page()
	v.do("POST", p.action, p.filled(challenge.People()[0]))
	code, text := v.do("POST", p.action, p.filled(challenge.People()[0]))
	if code != http.StatusConflict || !strings.Contains(text, "already submitted, as round 1") {
		t.Errorf("answered %d %q, want 409 and which round", code, text)
	}
	twice := v.ledger.Twice("challenge.submit")
	if len(twice) != 1 {
		t.Fatalf("the ledger has twice: %v, want the first round", twice)
	}
	for key, n := range twice {
		if !strings.HasSuffix(key, "/1") || n != 2 {
			t.Errorf("%s %d times, want round 1 two times", key, n)
		}
	}
	if got := v.page().button; got != "Round 2" {
		t.Errorf("the button says %q, want Round 2", got)
	}
	// The end is scored as if it had come once.
	for i := 1; i < challenge.Rounds; i++ {
		p := v.page()
		v.do("POST", p.action, p.filled(challenge.People()[i]))
	}
	if got := v.page().result; !strings.Contains(got, " 70 out of 70 ") {
		t.Errorf("got %q, want 70", got)
	}
}

func TestSubmitsBeforeStartOnlyShuffle(t *testing.T) {
	v := visit(t, "")
	before := v.page()
	v.do("POST", before.action, before.filled(challenge.People()[0]))
	after := v.page()
	if after.button != "Start" || after.action == before.action {
		t.Errorf("the button says %q and the form is the same: %v", after.button, after.action == before.action)
	}
	for f, id := range before.ids {
		if after.ids[f] == id {
			t.Errorf("%s keeps its id %s", f, id)
		}
	}
	if n := len(v.ledger.All("challenge.submit")); n != 0 || len(v.ledger.All("challenge.shuffle")) != 1 {
		t.Errorf("the ledger has %d rounds and %d shuffles, want 0 and 1", n, len(v.ledger.All("challenge.shuffle")))
	}
}

func TestTheFormIsShuffledEachRound(t *testing.T) {
	v := visit(t, "")
	v.page()
	v.start()
	orders, ids := map[string]bool{}, map[string]bool{}
	for range challenge.Rounds {
		p := v.page()
		if again := v.page(); !slices.Equal(again.order, p.order) {
			t.Error("looking at the page again shuffles it")
		}
		orders[strings.Join(p.order, ",")] = true
		for _, id := range p.ids {
			if ids[id] || len(id) != 5 {
				t.Errorf("id %q is used again or not of 5 characters", id)
			}
			ids[id] = true
		}
		v.do("POST", p.action, nil)
	}
	if len(orders) < 8 {
		t.Errorf("the fields were in %d orders in ten rounds", len(orders))
	}
}

func TestWhatThePageSays(t *testing.T) {
	v := visit(t, "")
	doc := v.page().doc
	if htmlquery.FindOne(doc, "//label[@for]") != nil {
		t.Error("a label is bound to its field")
	}
	for xpath, want := range map[string]int{
		"//rpa1-field/div/label": 7, "//rpa1-field/div/input[@id=@name]": 7, "//input[@ng-reflect-name='labelFirstName']": 1,
		"//button[text()='Start']": 1, "//input[@type='submit'][@value='Submit']": 1, "//a[@href='./assets/downloadFiles/challenge.xlsx']": 1,
	} {
		if got := len(htmlquery.Find(doc, xpath)); got != want {
			t.Errorf("%s: %d, want %d", xpath, got, want)
		}
	}
	for variant, xpath := range map[string]string{
		"b/": "//rpa1-field/div/label", "c/": "//input[@placeholder or @aria-label]", "d/": "//rpa1-field/template//label", "e/": "//canvas[starts-with(@data-ink,'data:image/png')]",
		"g/": "//label[.!='First Name' and .!='Email']",
	} {
		doc := visit(t, variant).page().doc
		if got := len(htmlquery.Find(doc, xpath)); got != 7 {
			t.Errorf("variant %s: %d of %s, want 7", variant, got, xpath)
		}
		if variant != "d/" && htmlquery.FindOne(doc, "//@ng-reflect-name") != nil {
			t.Errorf("variant %s has ng-reflect-name", variant)
		}
		if _, text := visit(t, variant).get(""); strings.Contains("c/e/g/", variant) && strings.Contains(text, "<label>First Name") {
			t.Errorf("variant %s has plain labels", variant)
		}
	}
	ro := visit(t, "?lang=RO").page().doc
	if htmlquery.FindOne(ro, "//label[.='Prenume']") == nil {
		t.Error("?lang=RO is not Romanian")
	}
	if ja := visit(t, "?lang=ja").page(); ja.button != "開始" {
		t.Errorf("?lang=ja says %q", ja.button)
	}
}

// Visitors do not see each other's rounds.
func TestVisitorsAtOnce(t *testing.T) {
	first := visit(t, "")
	first.page()
	first.start()
	t.Run("all", func(t *testing.T) {
		for n := range 4 {
			t.Run(fmt.Sprint(n), func(t *testing.T) {
				t.Parallel()
				jar, _ := cookiejar.New(nil)
				v := &visitor{T: t, http: &http.Client{Jar: jar}, base: first.base, ledger: first.ledger}
				if got := v.page().button; got != "Start" {
					t.Errorf("the button says %q, want Start", got)
				}
				v.start()
				for _, person := range challenge.People() {
					p := v.page()
					v.do("POST", p.action, p.filled(person))
				}
				if got := v.page().result; !strings.Contains(got, " 70 out of 70 ") {
					t.Errorf("got %q", got)
				}
			})
		}
	})
	if got := first.page().button; got != "Round 1" {
		t.Errorf("the first visitor is in %q, want Round 1", got)
	}
}

func TestRefusals(t *testing.T) {
	v := visit(t, "")
	if code, text := v.do("POST", "submit?form=x", nil); code != http.StatusForbidden || !strings.Contains(text, "open the challenge's page first") {
		t.Errorf("without a cookie: %d %q", code, text)
	}
	v.page()
	if code, text := v.do("POST", "submit?form=x", nil); code != http.StatusConflict || !strings.Contains(text, "open the page again") {
		t.Errorf("unknown form: %d %q", code, text)
	}
	if code, text := v.get("z/"); code != http.StatusNotFound || !strings.Contains(text, "from a to g") {
		t.Errorf("unknown variant: %d %q", code, text)
	}
	if len(v.ledger.All("")) != 0 {
		t.Errorf("refusals are in the ledger: %v", v.ledger.All(""))
	}
}
