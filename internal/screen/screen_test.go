package screen_test

import (
	"bytes"
	"context"
	"errors"
	"image/jpeg"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/cdp"
	"github.com/aether-rpa/aether/internal/screen"
)

const page = `<!doctype html><meta charset=utf-8><title>Order</title><style>body { margin: 0 } body > * { position: absolute; left: 20px; width: 200px; height: 30px; margin: 0 }</style>
<input id=name style="top:20px"><select id=size aria-label=Size style="top:80px"><option>small<option>middle<option disabled>none<option>large</select>
<button id=ask style="top:140px" onclick="document.title = 'said ' + confirm('Sure?')">Ask</button>
<a id=more href=/more target=_blank style="top:200px">More</a><input id=file type=file style="top:260px">
<div id=pad style="top:320px;background:#ccc" ondblclick="this.textContent='twice'">pad</div>
<iframe id=inner src=/inner style="top:380px;height:60px;border:0"></iframe>
<script>size.onchange = () => { size.dataset.heard = size.value + (event.isTrusted ? '' : '!') }; file.onchange = () => { document.title = file.files[0].name };
let from = 0; pad.onmousedown = e => { from = e.clientX }; onmouseup = e => { if (from) pad.dataset.moved = e.clientX - from; from = 0 }; onwheel = e => { pad.dataset.wheel = e.deltaY };</script>`

var pages = map[string]string{"/": page, "/more": "<title>More</title>more", "/inner": `<style>body{margin:0}</style><select id=s style="width:200px;height:40px"><option>one<option>two</select>`}

// seen is what a person has before the eyes.
type seen struct {
	*testing.T
	s *screen.Screen
	c browser.Context

	mu      sync.Mutex
	state   screen.State
	frame   screen.Frame
	frames  int
	changed chan struct{}
	seq     int64
}

func open(t *testing.T) *seen {
	t.Helper()
	if _, err := cdp.Find(); err != nil {
		t.Skip(err)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, pages[r.URL.Path])
	}))
	t.Cleanup(srv.Close)
	t.Cleanup(srv.CloseClientConnections)
	b, err := cdp.Driver{}.Launch(t.Context(), browser.Launch{Profile: t.TempDir(), Headless: true, NoSandbox: os.Geteuid() == 0, Env: os.Environ()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	c, err := b.Open(t.Context(), browser.Options{Width: 800, Height: 500, Listen: &browser.Listen{}})
	if err != nil {
		t.Fatal(err)
	}
	tab, err := c.NewTab(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := &seen{T: t, c: c, s: screen.New(c, screen.Options{Uploads: t.TempDir()}), changed: make(chan struct{})}
	t.Cleanup(p.s.Close)
	g, err := tab.Navigate(t.Context(), srv.URL+"/")
	if err == nil {
		_, err = tab.Settled(t.Context(), g, browser.Loaded)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *seen) watch() (stop func()) {
	ctx, cancel := context.WithCancel(p.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = p.s.Watch(ctx, p.take)
	}()
	return func() { cancel(); <-done }
}

func (p *seen) take(kind string, data any) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch d := data.(type) {
	case screen.State:
		p.state = d
	case screen.Frame:
		p.frame = d
		p.frames++
	}
	close(p.changed)
	p.changed = make(chan struct{})
	return nil
}

// until waits until what is seen is so.
func (p *seen) until(what string, is func(screen.State, screen.Frame) bool) {
	p.Helper()
	limit := time.After(60 * time.Second)
	for {
		p.mu.Lock()
		ok, changed := is(p.state, p.frame), p.changed
		p.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-limit:
			p.Fatalf("not seen: %s; there is %+v", what, p.state)
		}
	}
}

func (p *seen) do(events ...screen.Gesture) {
	p.Helper()
	p.seq++
	if err := p.s.Do(p.Context(), screen.Worked{Client: "the test", Seq: p.seq, Gestures: events}); err != nil {
		p.Fatal(err)
	}
}

func click(x, y float64, clicks int) []screen.Gesture {
	all := []screen.Gesture{{Kind: "move", X: x, Y: y}}
	for i := 1; i <= clicks; i++ {
		all = append(all, screen.Gesture{Kind: "down", X: x, Y: y, Button: "left", Clicks: i}, screen.Gesture{Kind: "up", X: x, Y: y, Button: "left", Clicks: i})
	}
	return all
}

func keys(names ...string) (all []screen.Gesture) {
	for _, k := range names {
		all = append(all, screen.Gesture{Kind: "keydown", Key: k}, screen.Gesture{Kind: "keyup", Key: k})
	}
	return all
}

// is waits until an expression is true in the first tab.
func (p *seen) is(expression string) {
	p.Helper()
	t := p.c.Tabs()[0]
	limit := time.After(60 * time.Second)
	for {
		var ok bool
		if err := t.Eval(p.Context(), t.ID(), "!!("+expression+")", &ok); err == nil && ok {
			return
		}
		select {
		case <-limit:
			p.Fatalf("it is not so: %s", expression)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func TestWork(t *testing.T) {
	p := open(t)
	p.watch()
	p.until("a picture", func(_ screen.State, f screen.Frame) bool {
		if f.Width != 800 || f.Height != 500 {
			return false
		}
		img, err := jpeg.Decode(bytes.NewReader(f.JPEG))
		return err == nil && img.Bounds().Dx() == 800
	})
	p.do(click(60, 35, 1)...)
	p.do(keys("a", "B", "ä", "€", "Backspace", "1")...)
	p.do(screen.Gesture{Kind: "text", Text: " 漢字"})
	p.is(`document.querySelector('#name').value === 'aBä1 漢字'`)
	p.do(screen.Gesture{Kind: "keydown", Key: "a", Mods: 2}, screen.Gesture{Kind: "keyup", Key: "a", Mods: 2})
	p.do(keys("x")...)
	p.is(`document.querySelector('#name').value === 'x'`)
	p.do(click(60, 335, 2)...)
	p.is(`document.querySelector('#pad').textContent === 'twice'`)
	p.do(screen.Gesture{Kind: "down", X: 30, Y: 335, Button: "left", Clicks: 1}, screen.Gesture{Kind: "move", X: 70, Y: 335}, screen.Gesture{Kind: "up", X: 90, Y: 335, Button: "left", Clicks: 1})
	p.is(`document.querySelector('#pad').dataset.moved === '60'`)
	p.do(screen.Gesture{Kind: "wheel", X: 60, Y: 335, DY: 120})
	p.is(`document.querySelector('#pad').dataset.wheel === '120'`)
}

func TestLists(t *testing.T) {
	p := open(t)
	p.watch()
	p.do(click(60, 95, 1)...)
	p.until("the list", func(s screen.State, _ screen.Frame) bool {
		return s.List != nil && s.List.Label == "Size" && len(s.List.Options) == 4 && s.List.Options[2].Disabled && s.List.Options[0].Selected && s.List.Y == 80
	})
	p.do(screen.Gesture{Kind: "choose", Choose: 3})
	p.is(`document.querySelector('#size').dataset.heard === 'large!'`)
	p.until("no list", func(s screen.State, _ screen.Frame) bool { return s.List == nil })
	p.do(keys("Enter")...) // it has the focus
	p.until("the list again", func(s screen.State, _ screen.Frame) bool { return s.List != nil && s.List.Options[3].Selected })
	p.do(keys("Escape")...)
	p.until("no list again", func(s screen.State, _ screen.Frame) bool { return s.List == nil })
	p.do(click(60, 400, 1)...)
	p.until("the list of the frame", func(s screen.State, _ screen.Frame) bool {
		return s.List != nil && len(s.List.Options) == 2 && s.List.Y == 380
	})
	p.do(screen.Gesture{Kind: "choose", Choose: 1})
	p.is(`document.querySelector('#inner').contentDocument.querySelector('#s').value === 'two'`)
}

func TestMessagesAndTabs(t *testing.T) {
	p := open(t)
	p.watch()
	p.do(click(60, 155, 1)...)
	p.until("the message", func(s screen.State, _ screen.Frame) bool { return s.Dialog != nil && s.Dialog.Message == "Sure?" })
	p.do(screen.Gesture{Kind: "answer", Accept: true})
	p.until("the answer", func(s screen.State, _ screen.Frame) bool { return s.Dialog == nil && s.Tabs[0].Title == "said true" })
	p.do(click(40, 210, 1)...)
	p.until("the new tab", func(s screen.State, f screen.Frame) bool {
		return len(s.Tabs) == 2 && s.Tabs[1].Active && s.Tabs[1].Title == "More" && strings.HasSuffix(f.URL, "/more")
	})
	p.do(screen.Gesture{Kind: "tab", Tab: p.state.Tabs[0].ID})
	p.until("the first tab", func(s screen.State, f screen.Frame) bool {
		return s.Tabs[0].Active && !strings.HasSuffix(f.URL, "/more")
	})
	p.do(screen.Gesture{Kind: "close", Tab: p.state.Tabs[1].ID})
	p.until("one tab", func(s screen.State, _ screen.Frame) bool { return len(s.Tabs) == 1 })
	p.do(screen.Gesture{Kind: "close", Tab: p.state.Tabs[0].ID}) // the last one stays
	p.do(screen.Gesture{Kind: "goto", Text: strings.TrimPrefix(p.frame.URL, "http://") + "more"})
	p.until("the address", func(s screen.State, _ screen.Frame) bool {
		return strings.HasSuffix(s.URL, "/more") && len(s.Tabs) == 1
	})
	p.do(screen.Gesture{Kind: "back"})
	p.until("the way back", func(s screen.State, _ screen.Frame) bool { return !strings.HasSuffix(s.URL, "/more") })
}

func TestFiles(t *testing.T) {
	p := open(t)
	p.watch()
	p.until("a picture", func(_ screen.State, f screen.Frame) bool { return f.Width > 0 })
	for p.state.Files == nil { // choosers are held soon after the first picture
		p.do(click(40, 270, 1)...)
		p.mu.Lock()
		changed := p.changed
		p.mu.Unlock()
		<-changed
	}
	if err := p.s.Give(t.Context(), []screen.File{{Name: "a"}, {Name: "b"}}); !errors.Is(err, screen.ErrInput) {
		t.Errorf("two files: %v", err)
	}
	if err := p.s.Give(t.Context(), []screen.File{{Name: `..\..\bill.pdf`, Data: []byte("x")}}); err != nil {
		t.Fatal(err)
	}
	p.until("the name of the file", func(s screen.State, _ screen.Frame) bool { return s.Tabs[0].Title == "bill.pdf" })
}

// TestTurn repeats and loses what a client sends.
func TestTurn(t *testing.T) {
	p := open(t)
	in := screen.Worked{Client: "the client", Seq: 1, Gestures: append(click(60, 35, 1), keys("a")...)}
	send := func(seq int64, want error) {
		t.Helper()
		in.Seq = seq
		if err := p.s.Do(t.Context(), in); !errors.Is(err, want) {
			t.Errorf("%d: %v, want %v", seq, err, want)
		}
	}
	send(1, nil)
	send(1, nil)
	send(3, screen.ErrTurn)
	send(2, nil)
	send(1, nil)
	p.is(`document.querySelector('#name').value === 'aa'`)
	for _, bad := range []screen.Gesture{{Kind: "hack"}, {Kind: "down", Button: "left"}, {Kind: "move", X: 1e9}, {Kind: "keydown", Key: "Enterr"}, {Kind: "keydown"}, {Kind: "goto", Text: "file:///etc/passwd"}, {Kind: "goto", Text: "javascript:alert(1)"}, {Kind: "move", Mods: 16}} {
		in.Gestures = []screen.Gesture{bad}
		send(3, screen.ErrInput)
	}
	in.Gestures = make([]screen.Gesture, 201)
	send(3, screen.ErrInput)
}

func TestWatchers(t *testing.T) {
	p := open(t)
	ended := make(chan error, 1)
	first := make(chan struct{})
	var once sync.Once
	go func() {
		ended <- p.s.Watch(p.Context(), func(kind string, _ any) error {
			if kind == "frame" {
				once.Do(func() { close(first) })
			}
			return nil
		})
	}()
	<-first
	stop := p.watch()
	if err := <-ended; !errors.Is(err, screen.ErrElsewhere) {
		t.Errorf("who watched first: %v", err)
	}
	p.until("a picture for the second", func(_ screen.State, f screen.Frame) bool { return f.Width > 0 })
	if p.s.Idle() != 0 {
		t.Error("it is idle while it is watched")
	}
	stop()
	if p.s.Idle() < 0 {
		t.Error("it is not idle")
	}
	p.watch()
	p.s.Close()
}
