package testsite_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/antchfx/htmlquery"

	"github.com/aether-rpa/aether/internal/testsite"
	"github.com/aether-rpa/aether/internal/testsite/challenge"
	"github.com/aether-rpa/aether/internal/testsite/ledger"
	"github.com/aether-rpa/aether/internal/testsite/pages"
)

func start(t *testing.T, cfg testsite.Config) (*testsite.Site, *httptest.Server) {
	t.Helper()
	site, err := testsite.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(site.Handler())
	t.Cleanup(srv.Close)
	return site, srv
}

func client() *http.Client {
	jar, _ := cookiejar.New(nil)
	return &http.Client{Jar: jar}
}

func get(t *testing.T, c *http.Client, url string, header ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

var outside = regexp.MustCompile(`(?:src|href|action)="(?:https?:)?//([^"/]+)|@import|url\(\s*["']?https?:`)

// Every page can be opened at every level, loads nothing from elsewhere, and does not tell the truth.
func TestEveryPageAtEveryLevel(t *testing.T) {
	paths := []string{"/", "/acme/login"}
	for _, v := range challenge.Variants {
		paths = append(paths, "/challenge/"+string(v.Variant)+"/")
	}
	for _, p := range pages.List {
		if p.Name != "big" && p.Name != "basic" && p.Name != "digest" && p.Name != "redirects" {
			paths = append(paths, "/pages/"+p.Name)
		}
	}
	replace := strings.NewReplacer("/pages/slow", "/pages/slow?ms=0", "/pages/limit", "/pages/limit?n=0", "/pages/table", "/pages/table?rows=50")
	for level := range testsite.MaxLevel + 1 {
		site, srv := start(t, testsite.Config{Seed: 11, Level: level, Switch: true})
		c := client()
		for _, path := range paths {
			code, text := get(t, c, srv.URL+replace.Replace(path))
			if code != http.StatusOK {
				t.Fatalf("level %d: %s answers %d: %.200s", level, path, code, text)
			}
			for _, secret := range []string{"data-truth", "data-ref", "data-fixed", "ref(\"", "ledger"} {
				if strings.Contains(text, secret) {
					t.Errorf("level %d: %s holds %s", level, path, secret)
				}
			}
			for _, m := range outside.FindAllStringSubmatch(text, -1) {
				if !strings.HasPrefix(m[1], "localhost:") {
					t.Errorf("level %d: %s loads %s", level, path, m[0])
				}
			}
			doc, err := htmlquery.Parse(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			truth := site.Truth(path)
			if len(truth) == 0 {
				t.Errorf("level %d: nothing is known of %s", level, path)
			}
			for _, e := range truth {
				node := doc
				for _, step := range e.Path {
					found := htmlquery.Find(node, step)
					if len(found) != 1 {
						t.Fatalf("level %d: %s: %s finds %d elements", level, path, step, len(found))
					}
					node = found[0]
				}
			}
		}
	}
}

// The challenge is won through the truth alone, at every level: what is served and what is known agree, and fields
// arrive under their names.
func TestChallengeAtEveryLevel(t *testing.T) {
	for level := range testsite.MaxLevel + 1 {
		t.Run(fmt.Sprintf("level %d", level), func(t *testing.T) {
			site, srv := start(t, testsite.Config{Seed: int64(level), Level: level})
			c := client()
			// What would give the fields away is gone with the ids.
			if _, text := get(t, c, srv.URL+"/challenge/"); strings.Contains(text, "labelFirstName") != (level == 0) {
				t.Errorf("the page has its ng-reflect-name: %v", level > 0)
			}
			post := func(path string, values url.Values) string {
				t.Helper()
				res, err := c.PostForm(srv.URL+path, values)
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				b, _ := io.ReadAll(res.Body)
				if res.StatusCode != http.StatusOK {
					t.Fatalf("%s answers %d: %s", path, res.StatusCode, b)
				}
				return string(b)
			}
			text := post("/challenge/start", nil)
			for _, person := range challenge.People() {
				doc, err := htmlquery.Parse(strings.NewReader(text))
				if err != nil {
					t.Fatal(err)
				}
				values := url.Values{}
				action := ""
				for _, truth := range site.Truth("/challenge/") {
					node := htmlquery.FindOne(doc, truth.Path[0])
					if truth.Name == "challenge.form" {
						action = htmlquery.SelectAttr(node, "action")
					}
					for f, value := range person {
						if truth.Name == challenge.Field(f).Part() {
							values.Set(htmlquery.SelectAttr(node, "name"), value)
						}
					}
				}
				text = post("/challenge/"+action, values)
			}
			done := site.Ledger().All("challenge.done")
			if len(done) != 1 || done[0].Facts["points"] != "70" || len(site.Ledger().Twice("challenge.submit")) != 0 {
				t.Errorf("the ledger says %v, and twice: %v", done, site.Ledger().Twice("challenge.submit"))
			}
			if !strings.Contains(text, "100% ( 70 out of 70 fields)") {
				t.Errorf("the page does not say so: %s", text)
			}
		})
	}
}

func TestLedgerIsHidden(t *testing.T) {
	_, srv := start(t, testsite.Config{})
	for _, path := range []string{"/ledger", "/-/ledger", "/-/ledger?token=", "/acme/ledger", "/challenge/ledger", "/pages/ledger"} {
		if code, text := get(t, client(), srv.URL+path); code == http.StatusOK && strings.Contains(text, "seq") {
			t.Errorf("%s serves the ledger: %d", path, code)
		}
	}
	book := ledger.New(nil)
	_, srv = start(t, testsite.Config{Ledger: book, LedgerToken: "s3cret"})
	book.Add("x", "1", nil)
	book.Add("y", "2", nil)
	for _, bad := range []string{"", "?token=", "?token=wrong"} {
		if code, _ := get(t, client(), srv.URL+"/-/ledger"+bad); code != http.StatusNotFound {
			t.Errorf("%q is answered %d, want 404", bad, code)
		}
	}
	for name, answer := range map[string]func() (int, string){
		"query": func() (int, string) { return get(t, client(), srv.URL+"/-/ledger?kind=y&token=s3cret") },
		"bearer": func() (int, string) {
			return get(t, client(), srv.URL+"/-/ledger?kind=y", "Authorization", "Bearer s3cret")
		},
	} {
		code, text := answer()
		var got []ledger.Entry
		if err := json.Unmarshal([]byte(text), &got); code != http.StatusOK || err != nil || len(got) != 1 || got[0].Key != "2" {
			t.Errorf("%s: %d %s, %v", name, code, text, err)
		}
	}
}

func TestSwitch(t *testing.T) {
	site, srv := start(t, testsite.Config{Seed: 4, Switch: true})
	c := client()
	for _, level := range []int{3, 5, 0} {
		get(t, c, srv.URL+"/")
		_, text := get(t, c, srv.URL+"/")
		doc, err := htmlquery.Parse(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		for _, truth := range site.Truth("/") {
			if truth.Name == fmt.Sprintf("index.level.%d", level) {
				button := htmlquery.FindOne(doc, truth.Path[0])
				res, err := c.PostForm(srv.URL+"/-/level", url.Values{htmlquery.SelectAttr(button, "name"): {htmlquery.SelectAttr(button, "value")}})
				if err != nil {
					t.Fatal(err)
				}
				res.Body.Close()
			}
		}
		if got, seed := site.Level(); got != level || seed != 4 {
			t.Errorf("level %d, seed %d after choosing %d", got, seed, level)
		}
	}
	res, err := c.PostForm(srv.URL+"/-/level", url.Values{"level": {"9"}})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if b, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusBadRequest || !strings.Contains(string(b), "from 0") {
		t.Errorf("level 9 is answered %d %s", res.StatusCode, b)
	}
	_, srv = start(t, testsite.Config{})
	res, err = c.PostForm(srv.URL+"/-/level", url.Values{"level": {"1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusOK {
		t.Error("the level can be switched although it was not allowed")
	}
}

// A page that is far too big for the middleware goes through it as it is.
func TestBigPageGoesThrough(t *testing.T) {
	site, srv := start(t, testsite.Config{Level: 5})
	code, text := get(t, client(), srv.URL+"/pages/big?mb=20")
	if code != http.StatusOK || len(text) < 20<<20 || !strings.HasSuffix(text, "At the end</button></p>") {
		t.Errorf("answered %d with %d bytes", code, len(text))
	}
	if sent := site.Ledger().All("pages.big"); len(sent) != 1 || sent[0].Facts["bytes"] != fmt.Sprint(len(text)) {
		t.Errorf("the ledger says %v, received %d bytes", sent, len(text))
	}
}

// Serve ends with its context, although somebody still waits for an answer.
func TestServe(t *testing.T) {
	site, err := testsite.New(testsite.Config{})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	done := make(chan error, 1)
	go func() { done <- site.Serve(ctx, listener) }()
	url := "http://" + listener.Addr().String()
	if code, _ := get(t, client(), url+"/challenge/"); code != http.StatusOK {
		t.Errorf("answered %d", code)
	}
	hung := make(chan error, 1)
	go func() {
		res, err := http.Get(url + "/pages/slow?ms=never")
		if err == nil {
			res.Body.Close()
		}
		hung <- err
	}()
	// The hung request is in the handler once another one has been answered on a connection of its own; it does not
	// matter if it is not: then it is refused.
	get(t, client(), url+"/")
	stop()
	if err := <-done; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if err := <-hung; err == nil {
		t.Error("the hung request was answered")
	}
}

func TestLevelIsChecked(t *testing.T) {
	if _, err := testsite.New(testsite.Config{Level: 6}); err == nil || !strings.Contains(err.Error(), "from 0 (pages as written) to 5") {
		t.Errorf("level 6: %v", err)
	}
}
