package recorder_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/internal/recorder"
	"github.com/aether-rpa/aether/internal/testsite/acme"
	"github.com/aether-rpa/aether/internal/testsite/challenge"
	_ "github.com/aether-rpa/aether/nodes/all"
)

// story is something that a person does on the practice site.
type story struct {
	name, path string
	office     bool // behind the login of the clerk
	do         func(p *person, w *world, r *recorder.Recorder)
}

// password is that of the clerk.
const password = "practice-2"

func (p *person) signIn() {
	p.Helper()
	p.enter("label=User", "clerk")
	p.enter("label=Password", password)
	p.click("role=button[name=Sign in]")
}

// part is an area by its heading.
func part(heading string) string { return ` >> in xpath=//section[h2="` + heading + `"]` }

var stories = []story{
	{"challenge", "/challenge/", false, func(p *person, w *world, _ *recorder.Recorder) {
		p.click("role=button[name=Start]")
		w.did(p.T, "challenge.start", 1)
		who := challenge.People()[0]
		for _, f := range challenge.Fields {
			p.enter("label="+f.String(), who[f])
		}
		p.click("role=button[name=Submit]")
		w.did(p.T, "challenge.submit", 1)
	}},
	{"work item", "/acme/work/WI-100007", true, func(p *person, w *world, _ *recorder.Recorder) {
		p.choose("label=Assigned to", "Sofia")
		p.click("label=High")
		p.press(p.see("label=Due", 0), "left", 1, 0)
		p.click("label=Reviewed by a second person")
		p.enter("label=Note", "booked\nand checked")
		p.click("role=button[name=Save]")
		w.did(p.T, "workitem.update", 1)
	}},
	{"work list", "/acme/work", true, func(p *person, w *world, _ *recorder.Recorder) {
		p.choose("label=On a page", "50")
		p.click("role=button[name=Show]")
		p.arrives("size=50")
		p.click("role=link[name=Amount]")
		p.arrives("sort=amount")
		p.click("role=link[name=Next]")
		p.arrives("page=2")
		p.click("xpath=(//tbody//input[@type='checkbox'])[3]")
		p.click("xpath=(//tbody//input[@type='checkbox'])[5]")
		p.choose("label=Who is to have the ticked items", "Noor")
		p.click("role=button[name=Give ticked items]")
		w.did(p.T, "workitem.assign", 2)
	}},
	{"upload", "/acme/upload", true, func(p *person, w *world, _ *recorder.Recorder) {
		file := filepath.Join(p.TempDir(), "INV-1.pdf")
		p.must(os.WriteFile(file, []byte("an invoice"), 0o600))
		p.enter("label=For invoice", "INV-1")
		f := p.see("label=Files", 0)
		var handle int
		p.must(p.tab.Eval(p.long(), f.frame, "__aether.of.keep(document.querySelector('input[type=file]'))", &handle))
		p.must(p.tab.SetFiles(p.long(), f.frame, handle, []string{file}))
		p.click("role=button[name=Upload]")
		w.did(p.T, "invoice.upload", 1)
	}},
	{"download", "/acme/reports", true, func(p *person, w *world, r *recorder.Recorder) {
		p.click("text=Work list (CSV)")
		w.did(p.T, "report.download", 1)
		p.choose("label=Month", "2026-03")
		p.click("role=button[name=Make report]")
		w.did(p.T, "report.download", 2)
		for len(r.Context().Downloads()) < 2 {
			<-r.Context().Changed()
		}
	}},
	{"board", "/acme/board", true, func(p *person, w *world, _ *recorder.Recorder) {
		p.drag("xpath=//div[h2='To do']//article[1]", "xpath=//div[h2='Done']/h2")
		w.did(p.T, "kanban.move", 1)
		p.click("role=link[name=Pointer drag]")
		p.arrives("drag=pointer")
		p.drag("xpath=//div[h2='To do']//article[2]", "xpath=//div[h2='Done']/h2")
		w.did(p.T, "kanban.move", 2)
	}},
	{"prices", "/acme/prices", true, func(p *person, w *world, _ *recorder.Recorder) {
		p.press(p.see("css=tbody tr:nth-child(2) td:nth-child(3)", 0), "left", 2, 0)
		p.see("label=price", 0)
		p.key("Control+A")
		p.keys("77.70\n")
		w.did(p.T, "price.change", 1)
	}},
	{"vendor", "/acme/vendors", true, func(p *person, w *world, _ *recorder.Recorder) {
		b := p.see("role=button[name=Delete] >> in xpath=//tr[td='V-1003']", 0)
		p.mouse(browser.Mouse{Type: "move", X: b.x, Y: b.y}, browser.Mouse{Type: "down", X: b.x, Y: b.y, Button: "left", Clicks: 1})
		up := make(chan error, 1) // the page stands still until the question is answered
		go func() {
			up <- p.tab.Mouse(p.long(), browser.Mouse{Type: "up", X: b.x, Y: b.y, Button: "left", Clicks: 1})
		}()
		p.agree("")
		p.must(<-up)
		w.did(p.T, "vendor.delete", 1)
	}},
	{"frames", "/acme/lab/frames", false, func(p *person, w *world, _ *recorder.Recorder) {
		r := p.see("label=Reference", 1)
		p.press(r, "left", 1, 0)
		p.keys("F-1")
		p.press(p.see("role=button[name=Send]", 1), "left", 1, 0)
		w.did(p.T, "frame.submit", 1)
	}},
	{"other sites", "/pages/frames?depth=2", false, func(p *person, w *world, _ *recorder.Recorder) {
		p.press(p.see("css=input", 1), "left", 1, 0)
		p.keys("deep")
		p.press(p.see("css=button", 1), "left", 1, 0)
		w.did(p.T, "pages.frames", 1)
	}},
	{"shadow", "/acme/lab/shadow", false, func(p *person, w *world, _ *recorder.Recorder) {
		for i, area := range []string{"Open", "Closed", "Nested"} {
			p.click("label=Note" + part(area))
			p.keys(area)
			p.click("role=button[name=Send]" + part(area))
			w.did(p.T, "shadow.submit", i+1)
		}
	}},
	{"windows", "/acme/lab/windows", false, func(p *person, w *world, r *recorder.Recorder) {
		before := r.Context().Tabs()
		p.click("role=button[name=Choose …]")
		n := p.opened(r.Context(), before)
		n.closes("role=button[name=Italy]")
		w.did(p.T, "window.choose", 1)
		p.until(p.tab.ID(), "[...document.querySelectorAll('input')].some(i => i.value === 'Italy')")
		for i, b := range []string{"text=A link to a new tab", "text=Open a tab after an answer"} {
			before := r.Context().Tabs()
			p.click(b)
			n := p.opened(r.Context(), before)
			n.click("role=button[name=Report back]")
			p.until(p.tab.ID(), fmt.Sprintf("document.querySelector('#windows-count').textContent === '%d'", i+1))
			n.closes("role=button[name=Close this tab]")
		}
	}},
	{"suggest", "/acme/lab/suggest", false, func(p *person, w *world, _ *recorder.Recorder) {
		p.enter("label=Company", "b")
		p.click("xpath=//li[@role='option'][2]")
		p.click("role=button[name=Take company]")
		w.did(p.T, "firm.pick", 1)
		p.enter("label=Company", "c")
		p.see("xpath=//li[@role='option'][2]", 0)
		p.key("ArrowDown")
		p.key("ArrowDown")
		p.key("Enter")
		p.click("role=button[name=Take company]")
		w.did(p.T, "firm.pick", 2)
	}},
	{"dates", "/acme/lab/dates", false, func(p *person, w *world, _ *recorder.Recorder) {
		n := p.see("label=A native date", 0)
		p.press(where{x: n.x - n.box[2]/2 + 14, y: n.y}, "left", 1, 0)
		p.keys("12242026")
		p.click("label=A date from the calendar")
		p.click("role=button[name=Month after]")
		p.click("role=button[name=Month after]")
		p.click("role=button[name=\"17\"]")
		p.enter("label=Reference", "D-1")
		p.click("role=button[name=Book]")
		w.did(p.T, "day.pick", 1)
	}},
	{"editor", "/acme/lab/editor", false, func(p *person, w *world, _ *recorder.Recorder) {
		p.click("role=textbox[name=Text]")
		p.key("Control+A")
		p.keys("Dear Ada, ")
		p.click("role=button[name=Bold]")
		p.keys("thank you")
		p.click("role=button[name=Save]")
		w.did(p.T, "editor.save", 1)
	}},
	{"rows", "/acme/lab/rows", false, func(p *person, w *world, _ *recorder.Recorder) {
		p.wheel("role=grid", 480, "[...document.querySelectorAll('[role=row]')].some(r => r.firstElementChild.textContent === '301' && r.children[1].textContent !== '…' && r.getBoundingClientRect().bottom < r.parentElement.parentElement.getBoundingClientRect().bottom - 80)")
		p.click("xpath=//*[@role='row'][*[1]='301']/*[2]")
		w.did(p.T, "row.choose", 1)
	}},
	{"feed", "/acme/lab/feed", false, func(p *person, w *world, _ *recorder.Recorder) {
		p.wheel("css=#feed-list", 500, "[...document.querySelectorAll('article')].some(a => a.querySelector('b').textContent.startsWith('63.') && a.getBoundingClientRect().bottom < innerHeight - 80)")
		p.click("role=button[name=Thank] >> in xpath=//article[starts-with(b,'63.')]")
		w.did(p.T, "feed.like", 1)
	}},
	{"modal", "/acme/lab/modal", false, func(p *person, w *world, _ *recorder.Recorder) {
		p.click("role=button[name=Add a note]")
		p.enter("label=Title", "First")
		p.enter("label=Text", "a\nb")
		p.click("role=dialog >> in css=body")
		p.click("role=button[name=Save]")
		w.did(p.T, "note.save", 1)
	}},
}

// agree answers the question that the page asks.
func (p *person) agree(text string) {
	p.Helper()
	before := len(p.tab.Dialogs())
	for until := time.Now().Add(patience); len(p.tab.Dialogs()) == before; {
		if time.Now().After(until) {
			p.Fatal("the page asks nothing")
		}
		p.tab.Answer(browser.DialogPolicy{Accept: true, Text: text})
		<-time.After(20 * time.Millisecond)
	}
	p.tab.Answer(browser.DialogPolicy{Leave: true})
}

// told records some of the stories in one session, each at its own address, and runs what was recorded.
func told(t *testing.T, office bool, names ...string) {
	w := newWorld(t)
	path := func(name string) story {
		i := slices.IndexFunc(stories, func(s story) bool { return s.name == name })
		return stories[i]
	}
	first := path(names[0])
	text, _ := record(t, w, first.path, func(p *person, r *recorder.Recorder) {
		if office {
			p.signIn()
			p.arrives(first.path)
		}
		for i, name := range names {
			s := path(name)
			if i > 0 {
				p.goTo(w.url + s.path)
			}
			s.do(p, w, r)
		}
	})
	secrets := map[string]string{}
	if office {
		secrets["password"] = password
	}
	same(t, w, text, secrets)
}

// TestStories records some of the stories, each in a session of its own, and runs what was recorded. TestRuns does so with
// all of them.
func TestStories(t *testing.T) {
	for _, name := range []string{"work item", "upload", "frames", "shadow", "windows", "suggest"} {
		t.Run(name, func(t *testing.T) {
			i := slices.IndexFunc(stories, func(s story) bool { return s.name == name })
			told(t, stories[i].office, name)
		})
	}
}

// TestAddresses records a session in which the person goes on by entering addresses.
func TestAddresses(t *testing.T) { told(t, false, "challenge", "frames", "other sites") }

// TestCode records a login with a code, which is another one whenever the flow runs.
func TestCode(t *testing.T) {
	if testing.Short() {
		t.Skip("a login is recorded in TestStories, too")
	}
	w := newWorld(t)
	code := func() string {
		c, err := totp.GenerateCode(acme.TOTPSecret, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	text, _ := record(t, w, "/acme/", func(p *person, _ *recorder.Recorder) {
		p.enter("label=User", "robot")
		p.enter("label=Password", "practice-1")
		p.click("role=button[name=Sign in]")
		p.enter("label=Code", code())
		p.key("Enter")
		w.did(p.T, "session.begin", 1)
	})
	same(t, w, text, map[string]string{"password": "practice-1", "code": code()})
}

// TestRuns records each story by itself and runs what was recorded, as often in all as AETHER_TEST_RECORDINGS says. Of
// a hundred, one may fail.
func TestRuns(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("AETHER_TEST_RECORDINGS"))
	if err != nil || n < 1 {
		t.Skip("AETHER_TEST_RECORDINGS says how many recordings to make and run, as 200")
	}
	only, failed := os.Getenv("AETHER_TEST_STORY"), map[string]int{}
	for i := range n {
		s := stories[i%len(stories)]
		if only != "" && s.name != only {
			continue
		}
		ok := t.Run(fmt.Sprintf("%d %s", i+1, s.name), func(t *testing.T) { told(t, s.office, s.name) })
		if !ok {
			failed[s.name]++
		}
	}
	t.Logf("of %d recordings these did not run as they were recorded: %v", n, failed)
}
