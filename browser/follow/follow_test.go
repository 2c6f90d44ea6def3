package follow_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/follow"
)

type tab = follow.Tab[struct{}]

// shown is a tab that shows a document, read to its end.
func shown(named bool) (*tab, chan struct{}) {
	t, quits := &tab{}, make(chan struct{})
	t.Begin(follow.Start{ID: "main", URL: "about:blank", Quits: quits, Named: named}, struct{}{})
	t.Update(func() {
		t.Came(t.Own(), "1", "http://a/")
		t.Own().Reached = browser.Idle
	})
	return t, quits
}

// settles waits for a navigation beside what happens meanwhile.
func settles(t *testing.T, tb *tab, g browser.Going, meanwhile func()) (browser.Arrival, error) {
	t.Helper()
	type result struct {
		a   browser.Arrival
		err error
	}
	got := make(chan result)
	go func() {
		a, err := tb.Settled(t.Context(), g, browser.Parsed)
		got <- result{a, err}
	}()
	meanwhile()
	r := <-got
	return r.a, r.err
}

func arrives(tb *tab, loader, url string) {
	tb.Update(func() { tb.Status(loader, http.StatusOK) })
	tb.Update(func() { tb.Came(tb.Own(), loader, url) })
	tb.Update(func() { tb.Own().Reached = browser.Loaded })
}

func TestSettled(t *testing.T) {
	for _, c := range []struct {
		name      string
		meanwhile func(*tab)
		want      browser.Arrival
		err       error
	}{
		{"comes", func(tb *tab) { arrives(tb, "2", "http://a/2") }, browser.Arrival{URL: "http://a/2", Status: 200}, nil},
		{"gives way to another", func(tb *tab) {
			tb.Update(func() { tb.Came(tb.Own(), "2", "http://a/2") })
			tb.Update(func() { tb.Starts("3", "http://a/3", "") })
			arrives(tb, "3", "http://a/3")
		}, browser.Arrival{URL: "http://a/3", Status: 200}, nil},
		{"is cancelled for another", func(tb *tab) {
			tb.Update(func() { tb.Starts("3", "http://a/3", "") })
			tb.Update(func() { tb.Fails("2", follow.ErrCanceled) })
			arrives(tb, "3", "http://a/3")
		}, browser.Arrival{URL: "http://a/3", Status: 200}, nil},
		{"is a download", func(tb *tab) {
			tb.Update(func() { tb.Next = nil; tb.Fails("2", follow.ErrCanceled) })
			tb.Update(tb.Downloads)
		}, browser.Arrival{URL: "http://a/", Download: true}, nil},
		{"has no page", func(tb *tab) {
			tb.Update(func() { tb.Status("2", http.StatusNoContent) })
			tb.Update(func() { tb.Next = nil; tb.Fails("2", follow.ErrCanceled) })
		}, browser.Arrival{}, browser.ErrNoPage},
		{"stays in the document", func(tb *tab) { tb.Update(func() { tb.Within(tb.Own(), "2", "http://a/#x") }) }, browser.Arrival{URL: "http://a/#x"}, nil},
		{"closes the tab", func(tb *tab) { tb.End(false) }, browser.Arrival{}, browser.ErrGone},
	} {
		t.Run(c.name, func(t *testing.T) {
			tb, _ := shown(true)
			tb.Update(func() { tb.Starts("2", "http://a/2", "") })
			g, under := tb.Underway(time.Time{})
			if !under || g.Loader != "2" || g.From != "1" {
				t.Fatalf("under way is %+v, %t", g, under)
			}
			a, err := settles(t, tb, g, func() { c.meanwhile(tb) })
			if !errors.Is(err, c.err) || c.err == nil && a != c.want {
				t.Errorf("it ended with %+v, %v; want %+v, %v", a, err, c.want, c.err)
			}
		})
	}
}

func TestSettledFails(t *testing.T) {
	tb, _ := shown(true)
	tb.Update(func() { tb.Starts("2", "http://b/", "") })
	refused := errors.New("nothing answers there")
	tb.Update(func() { tb.Fails("2", follow.ErrCanceled); tb.Fails("2", refused); tb.Fails("2", follow.ErrCanceled) })
	g, _ := tb.Underway(time.Time{})
	if _, err := tb.Settled(t.Context(), g, browser.Parsed); !errors.Is(err, refused) {
		t.Errorf("the error is %v: what says most is to be told", err)
	}
}

// What a page asks for may come to nothing; a tab does not wait for it for ever.
func TestAskedForNothing(t *testing.T) {
	tb, _ := shown(true)
	tb.Update(func() { tb.Wants("http://a/2") })
	g, under := tb.Underway(time.Time{})
	if !under || g.Loader != "" || g.From != "1" {
		t.Fatalf("under way is %+v, %t", g, under)
	}
	if _, err := tb.Settled(t.Context(), g, browser.Parsed); !errors.Is(err, browser.ErrStayed) {
		t.Errorf("the error is %v", err)
	}
}

func TestQuiet(t *testing.T) {
	for _, named := range []bool{true, false} {
		tb, quits := shown(named)
		tb.Update(func() { tb.Opens("old", "1"); tb.Opens("new", "2"); tb.Starts("2", "http://a/2", "") })
		if named {
			tb.Update(func() { tb.Came(tb.Own(), "2", "http://a/2") }) // with the old document goes what it had asked for
		} else {
			tb.Update(func() { tb.Closes("old") })
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := tb.Quiet(ctx, 0); !errors.Is(err, context.Canceled) {
			t.Errorf("named %t: with a request under way it is quiet: %v", named, err)
		}
		tb.Update(func() { tb.Closes("new") })
		if err := tb.Quiet(t.Context(), time.Millisecond); err != nil {
			t.Errorf("named %t: it is not quiet: %v", named, err)
		}
		tb.Update(func() { tb.Opens("more", "2") })
		close(quits)
		if err := tb.Quiet(t.Context(), time.Hour); !errors.Is(err, browser.ErrGone) {
			t.Errorf("named %t: without its browser: %v", named, err)
		}
	}
}

func TestFrames(t *testing.T) {
	tb, _ := shown(true)
	tb.Update(func() {
		tb.FrameOf("a", "main").URL = "http://a/in"
		tb.FrameOf("b", "a")
		tb.FrameOf("c", "main")
		tb.FrameOf("b", "")
	})
	if f := tb.Frames(); len(f) != 4 || f[2].Parent != "a" {
		t.Errorf("the frames are %+v", f)
	}
	tb.Update(func() { tb.Remove("a"); tb.Remove("main") })
	if f := tb.Frames(); len(f) != 2 || f[0].ID != "main" || f[1].ID != "c" {
		t.Errorf("the frames are %+v", f)
	}
}

func TestRequests(t *testing.T) {
	tb, _ := shown(true)
	tb.Update(func() {
		tb.Requested("1", time.Second, browser.Request{URL: "http://a/old"})
		tb.Requested("1", 2*time.Second, browser.Request{URL: "http://a/" + strings.Repeat("é", 2000)}) // it was sent elsewhere
		tb.Request("1").End(5 * time.Second)
	})
	r := tb.Requests(0)
	if len(r) != 2 || r[0].Took != time.Second || r[0].Open || r[1].Took != 3*time.Second || len(r[1].URL) > 2010 {
		t.Errorf("the requests are %+v", r)
	}
	for i := range 1500 {
		tb.Update(func() {
			tb.Requested(fmt.Sprint("n", i), 0, browser.Request{})
			tb.Answered("http://a/", i)
		})
		tb.Says(browser.Message{Text: strings.Repeat("x", 5000)})
	}
	said, asked := tb.Numbers()
	if n := len(tb.Requests(0)); asked != 1502 || n > 1000 || tb.Requests(asked - 1)[0].N != asked {
		t.Errorf("of %d requests %d are kept", asked, n)
	}
	if c := tb.Console(); said != 1500 || len(c) > 1000 || c[len(c)-1].Number != 1500 || len(c[0].Text) > 4010 {
		t.Errorf("of %d messages %d are kept", said, len(c))
	}
	if a := tb.Responses(); len(a) > 256 || a[len(a)-1].Status != 1499 {
		t.Errorf("%d answers are kept", len(a))
	}
	if tb.Gave("1") || !tb.Gave("1") {
		t.Error("whether a password was given is not remembered")
	}
}

func TestDialogs(t *testing.T) {
	tb, _ := shown(true)
	ask := browser.Dialog{Kind: "prompt", Message: "Name?", Default: "Ada"}
	for _, c := range []struct {
		policy browser.DialogPolicy
		d      browser.Dialog
		want   follow.Reply
	}{
		{browser.DialogPolicy{}, browser.Dialog{Kind: "alert"}, follow.Reply{Accept: true}},
		{browser.DialogPolicy{}, ask, follow.Reply{Text: "Ada"}},
		{browser.DialogPolicy{Accept: true}, ask, follow.Reply{Accept: true, Text: "Ada"}},
		{browser.DialogPolicy{Accept: true, Text: "Bob"}, ask, follow.Reply{Accept: true, Text: "Bob"}},
		{browser.DialogPolicy{Dismiss: true}, browser.Dialog{Kind: "alert"}, follow.Reply{}},
	} {
		tb.Decides(c.policy)
		r, d := tb.Shows(c.d)
		if r == nil || *r != c.want || d.Text != "" != (c.want.Accept && c.d.Kind == "prompt") {
			t.Errorf("%+v answers %+v with %+v (%+v)", c.policy, c.d, r, d)
		}
	}
	tb.Decides(browser.DialogPolicy{Leave: true})
	if r, _ := tb.Shows(ask); r != nil {
		t.Errorf("what is left to a person is answered: %+v", r)
	}
	if r, _ := tb.Decides(browser.DialogPolicy{Leave: true}); r != nil {
		t.Errorf("what is still left to a person is answered: %+v", r)
	}
	if r, d := tb.Decides(browser.DialogPolicy{Accept: true}); r == nil || !r.Accept || d.Message != "Name?" {
		t.Errorf("it is answered with %+v", r)
	}
	if d := tb.Replied(follow.Reply{Accept: true, Text: "Eve"}); d == nil || d.Text != "Eve" || d.Answer != "accepted" {
		t.Errorf("a person has answered %+v", d)
	}
	if d := tb.Replied(follow.Reply{}); d != nil {
		t.Errorf("nothing was asked, and it is answered: %+v", d)
	}
	if n := len(tb.Dialogs()); n != 6 {
		t.Errorf("%d dialogs are kept", n)
	}
}

func TestHeaders(t *testing.T) {
	h := []follow.Header{{Name: "content-type", Value: "application/pdf"}, {Name: "Content-Disposition", Value: `inline; filename="a.pdf"`}}
	if got := follow.Attached(h); len(got) != 2 || got[1].Value != `attachment; filename="a.pdf"` {
		t.Errorf("they are %v", got)
	}
	for _, h := range [][]follow.Header{{{Name: "Content-Type", Value: "text/html"}}, {{Name: "content-disposition", Value: "Attachment"}}} {
		if got := follow.Attached(h); got != nil {
			t.Errorf("%v is to be saved as %v", h, got)
		}
	}
	got := follow.Headers(h, map[string]string{"Content-Type": "text/plain", "content-disposition": "", "X-A": "1"})
	if len(got) != 2 || got[0] != (follow.Header{Name: "Content-Type", Value: "text/plain"}) || got[1].Name != "X-A" {
		t.Errorf("they are %v", got)
	}
}
