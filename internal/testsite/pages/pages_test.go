package pages_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aether-rpa/aether/internal/testsite/ledger"
	"github.com/aether-rpa/aether/internal/testsite/pages"
)

// shelf is the pages on a server.
type shelf struct {
	*testing.T
	url    string
	ledger *ledger.Ledger
	http   *http.Client
	now    time.Time
}

func open(t *testing.T) *shelf {
	t.Helper()
	s := &shelf{T: t, ledger: ledger.New(nil), now: time.Unix(1_800_000_000, 0)}
	srv := httptest.NewServer(pages.New(pages.Config{Ledger: s.ledger, Prefix: "/pages", Now: func() time.Time { return s.now }}))
	t.Cleanup(srv.Close)
	s.url = srv.URL + "/pages"
	s.http = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return s
}

func (s *shelf) get(path string, header ...string) *http.Response {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), "GET", s.url+path, nil)
	if err != nil {
		s.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := s.http.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.Fatal(err)
	}
	res.Body.Close()
	res.Body = io.NopCloser(bytes.NewReader(b))
	return res
}

// want compares the effects of a page with "key name=value …", names in order.
func (s *shelf) want(page string, want ...string) {
	s.Helper()
	var got []string
	for _, e := range s.ledger.All("pages." + page) {
		// fmt prints maps in order.
		got = append(got, strings.TrimSpace(e.Key+" "+strings.Trim(strings.TrimPrefix(fmt.Sprint(e.Facts), "map"), "[]")))
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		s.Errorf("the ledger of %s has\n%s\nwant\n%s", page, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestWhatIsListedIsThere(t *testing.T) {
	s := open(t)
	for _, p := range pages.List {
		path := "/" + p.Name
		switch p.Name {
		case "slow":
			path += "?ms=0"
		case "limit", "redirects":
			path += "?n=0"
		case "big":
			path += "?mb=1"
		}
		res := s.get(path)
		if (p.Name == "basic" || p.Name == "digest") == (res.StatusCode == http.StatusOK) {
			t.Errorf("%s answers %d", path, res.StatusCode)
		}
		if p.Title == "" || p.What == "" || p.Effects == "" {
			t.Errorf("%s is not described", p.Name)
		}
	}
	if res := s.get("/nothing"); res.StatusCode != http.StatusNotFound {
		t.Errorf("/nothing answers %d", res.StatusCode)
	}
	if res, err := s.http.PostForm(s.url+"/did/nothing/click", nil); err != nil || res.StatusCode != http.StatusNotFound {
		t.Errorf("an effect of no page: %v, %v", res.StatusCode, err)
	}
}

func TestEffectsAreAsReceived(t *testing.T) {
	s := open(t)
	res, err := s.http.PostForm(s.url+"/did/choices/save", url.Values{"sizes": {"M", "XL"}, "colour": {"r"}})
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatal(res, err)
	}
	s.want("choices", "save colour:r sizes:M,XL")

	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	_ = form.WriteField("note", "two")
	for _, name := range []string{"a.txt", "ü.bin"} {
		w, _ := form.CreateFormFile("file", name)
		_, _ = io.WriteString(w, name)
	}
	_ = form.Close()
	if res, err := s.http.Post(s.url+"/did/upload/form", form.FormDataContentType(), &body); err != nil || res.StatusCode != http.StatusOK {
		t.Fatal(res, err)
	}
	sum := func(text string) string { h := sha256.Sum256([]byte(text)); return hex.EncodeToString(h[:]) }
	s.want("upload", "form 1.bytes:5 1.name:a.txt 1.sha256:"+sum("a.txt")+" 2.bytes:6 2.name:ü.bin 2.sha256:"+sum("ü.bin")+" files:2 note:two")

	if res, err := s.http.Post(s.url+"/did/upload/form", "multipart/form-data; boundary=x", strings.NewReader("--x\r\nbroken")); err != nil || res.StatusCode != http.StatusBadRequest {
		t.Errorf("a broken form: %v, %v", res, err)
	}
}

func TestRedirects(t *testing.T) {
	s := open(t)
	path, hops := "/redirects?n=3", 0
	for {
		res := s.get(path)
		if res.StatusCode == http.StatusOK {
			break
		}
		hops++
		_, path, _ = strings.Cut(res.Header.Get("Location"), "/pages")
	}
	if hops != 3 {
		t.Errorf("%d hops, want 3", hops)
	}
	s.want("redirects", "hop k:0", "hop k:1", "hop k:2", "arrived after:3")
	if res := s.get("/redirects/99999"); res.Header.Get("Location") != "/pages/redirects/100000" {
		t.Errorf("without ?n it ends at %q", res.Header.Get("Location"))
	}
}

func TestBasic(t *testing.T) {
	s := open(t)
	if res := s.get("/basic"); res.StatusCode != 401 || !strings.HasPrefix(res.Header.Get("WWW-Authenticate"), "Basic ") {
		t.Errorf("without a password: %d %q", res.StatusCode, res.Header.Get("WWW-Authenticate"))
	}
	for userinfo, want := range map[string]int{"robot:wrong": 401, "robot:practice": 200} {
		u, _ := url.Parse(s.url + "/basic")
		name, pass, _ := strings.Cut(userinfo, ":")
		u.User = url.UserPassword(name, pass)
		r, _ := http.NewRequestWithContext(t.Context(), "GET", u.String(), nil)
		if res, err := s.http.Do(r); err != nil || res.StatusCode != want {
			t.Errorf("%s: %v %v, want %d", userinfo, res.StatusCode, err, want)
		}
	}
	if n := len(s.ledger.All("pages.basic")); n != 2 {
		t.Errorf("%d effects, want a refused and a let in: %v", n, s.ledger.All(""))
	}
}

func TestDigest(t *testing.T) {
	for algorithm, sum := range map[string]func() hash.Hash{"SHA-256": sha256.New, "MD5": md5.New} {
		s := open(t)
		of := func(text string) string { h := sum(); h.Write([]byte(text)); return hex.EncodeToString(h.Sum(nil)) }
		path := "/digest?algorithm=" + algorithm
		asked := s.get(path).Header.Get("WWW-Authenticate")
		if !strings.Contains(asked, "algorithm="+algorithm) {
			t.Fatalf("asked for %q", asked)
		}
		nonce := regexp.MustCompile(`nonce="(.*?)"`).FindStringSubmatch(asked)[1]
		answer := func(password string) string {
			response := of(of("robot:practice site:"+password) + ":" + nonce + ":00000001:abc:auth:" + of("GET:/pages"+path))
			return fmt.Sprintf(`Digest username="robot", realm="practice site", nonce="%s", uri="/pages%s", qop=auth, nc=00000001, cnonce="abc", response="%s"`, nonce, path, response)
		}
		for i, want := range []int{401, 200, 401} {
			password := "practice"
			if i == 0 {
				password = "wrong"
			}
			if res := s.get(path, "Authorization", answer(password)); res.StatusCode != want {
				t.Errorf("%s, try %d with %s: %d, want %d", algorithm, i, password, res.StatusCode, want)
			}
		}
		s.want("digest", "refused user:robot", "in algorithm:"+algorithm+" user:robot", "refused user:robot")
	}
}

func TestLimit(t *testing.T) {
	s := open(t)
	ask := func(after time.Duration, want int) {
		t.Helper()
		s.now = s.now.Add(after)
		res := s.get("/limit?n=2&after=3&case=a")
		if res.StatusCode != want || (want == 429) != (res.Header.Get("Retry-After") == "3") {
			t.Errorf("answered %d, Retry-After %q, want %d", res.StatusCode, res.Header.Get("Retry-After"), want)
		}
	}
	ask(0, 429)
	ask(time.Second, 429) // too early
	ask(3*time.Second, 429)
	ask(3*time.Second, 200)
	s.want("limit", "refused case:a early:false", "refused case:a early:true", "refused case:a early:false", "served case:a")
	if res := s.get("/limit?n=0&case=b"); res.StatusCode != 200 {
		t.Errorf("another case is answered %d", res.StatusCode)
	}
}

// Answers that take their time end with the visitor.
func TestSlowAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		book := ledger.New(nil)
		h := pages.New(pages.Config{Ledger: book})
		serve := func(ctx context.Context, path string) *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", path, nil))
			return w
		}
		before := time.Now()
		if w := serve(t.Context(), "/slow?ms=2500"); w.Code != 200 || time.Since(before) != 2500*time.Millisecond {
			t.Errorf("answered %d after %s, want 200 after 2.5 s", w.Code, time.Since(before))
		}
		before = time.Now()
		if w := serve(t.Context(), "/slow/drip?n=4&ms=100"); strings.Count(w.Body.String(), "\n") != 4 || time.Since(before) != 300*time.Millisecond {
			t.Errorf("dripped %q in %s", w.Body, time.Since(before))
		}
		for _, path := range []string{"/slow?ms=never", "/slow/drip?n=4&ms=700", "/download/file?kb=4&ms=700&name=x"} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			serve(ctx, path)
			cancel()
		}
		got := fmt.Sprint(book.All("pages.slow"), book.All("pages.download"))
		for _, want := range []string{"answered  map[ms:2500]", "drip  map[pieces:4 whole:true]", "gone  map[]", "drip  map[pieces:2 whole:false]", "file  map[bytes:2048 name:x whole:false]"} {
			name, facts, _ := strings.Cut(want, "  ")
			if !strings.Contains(got, name+" "+facts) {
				t.Errorf("the ledger has no %s %s:\n%s", name, facts, got)
			}
		}
	})
}

func TestDownload(t *testing.T) {
	s := open(t)
	res := s.get("/download/file?kb=3&name=" + url.QueryEscape("Übersicht 概要.csv"))
	b, _ := io.ReadAll(res.Body)
	if len(b) != 3<<10 || !strings.Contains(res.Header.Get("Content-Disposition"), "filename*=utf-8''%C3%9Cbersicht") {
		t.Errorf("%d bytes as %q", len(b), res.Header.Get("Content-Disposition"))
	}
	s.want("download", "file bytes:3072 name:Übersicht 概要.csv whole:true")
}

func TestBig(t *testing.T) {
	s := open(t)
	res := s.get("/big?mb=3")
	b, _ := io.ReadAll(res.Body)
	if len(b) < 3<<20 || !strings.HasSuffix(string(b), "At the end</button></p>") {
		t.Errorf("%d bytes, ending in %q", len(b), b[max(0, len(b)-60):])
	}
	s.want("big", fmt.Sprintf("sent bytes:%d whole:true", len(b)))
}

func TestStorage(t *testing.T) {
	s := open(t)
	res := s.get("/storage/cookie")
	if c := res.Cookies(); len(c) != 1 || !c[0].HttpOnly || res.StatusCode != http.StatusSeeOther {
		t.Errorf("answered %d with %v", res.StatusCode, c)
	}
	r, _ := http.NewRequestWithContext(t.Context(), "POST", s.url+"/did/storage/seen", strings.NewReader("local=l"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Cookie", "server=set-by-the-server")
	if _, err := s.http.Do(r); err != nil {
		t.Fatal(err)
	}
	s.want("storage", "cookie", "seen cookies:server=set-by-the-server local:l")
}

// The other origin is this server under its other name.
func TestFramesOfTwoOrigins(t *testing.T) {
	s := open(t)
	for host, want := range map[string]string{"127.0.0.1:80": "//localhost:80/pages/frames/inner", "localhost": "//127.0.0.1/pages/frames/inner"} {
		r, _ := http.NewRequestWithContext(t.Context(), "GET", s.url+"/frames?depth=1", nil)
		r.Host = host
		res, err := s.http.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if !strings.Contains(string(b), `src="/pages/frames/inner?`) || !strings.Contains(string(b), `src="`+want) {
			t.Errorf("at %s no frame of %s", host, want)
		}
	}
	if b, _ := io.ReadAll(s.get("/frames/inner?level=2&depth=2").Body); strings.Contains(string(b), "<iframe src") {
		t.Error("the innermost frame holds another")
	}
	if b, _ := io.ReadAll(s.get("/frames?depth=9").Body); !strings.Contains(string(b), "depth=5") {
		t.Error("the depth has no bound")
	}
}
