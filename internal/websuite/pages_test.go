package websuite

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/internal/testsite/pages"
)

// pageTests has a test for each of the site's small pages.
var pageTests = map[string]func(*visitor){
	"overlay": func(v *visitor) { obstacle(v, "overlay", browser.Covered) },
	"enable":  func(v *visitor) { obstacle(v, "enable", browser.Disabled) },
	"moving":  func(v *visitor) { obstacle(v, "moving", "moving|covered") },
	"replaced": func(v *visitor) {
		v.visit("/pages/replaced?ms=300")
		v.click("role=button[name=Click me]")
		v.did("pages.replaced", "click map[trusted:true]")
	},
	"readonly": func(v *visitor) {
		v.visit("/pages/readonly")
		err := within(v.T, time.Second, func(ctx context.Context) error {
			_, err := v.p.Fill(ctx, at("label=Contract"), "X-1")
			return err
		})
		v.fails(browser.ReadOnly, err)
		v.click("text=Save")
		v.did("pages.readonly", "save map[value:C-1047]")
	},
	"reverts": func(v *visitor) {
		v.visit("/pages/reverts?on=input")
		_, err := v.p.Fill(v.long(), at("label=Discount"), "25")
		v.fails(browser.Reverted, err)
		v.click("text=Save")
		v.did("pages.reverts", "save map[value:0]")
	},
	"mask": func(v *visitor) {
		v.visit("/pages/mask")
		d, err := v.p.Fill(v.long(), at("label=Phone number"), "0123456789")
		v.must(err)
		if d.Shaped != "(012) 345-6789" {
			v.Errorf("what the page made of it was told as %q", d.Shaped)
		}
		v.click("text=Save")
		v.did("pages.mask", "save map[phone:(012) 345-6789]")
		_, err = v.p.Fill(v.long(), at("label=Phone number"), "01x3456789")
		v.fails(browser.Reverted, err)
	},
	"leaving": leaving,
	"frames": func(v *visitor) {
		v.visit("/pages/frames?depth=2")
		way := ` >> in frame css=iframe[title="Other origin"] >> in frame css=iframe[title="Same origin"]`
		v.fill("label=Value"+way, "deep")
		v.click("text=Send" + way)
		host := strings.Replace(strings.TrimPrefix(v.url, "http://"), "127.0.0.1", "localhost", 1)
		v.did("pages.frames", fmt.Sprintf("press map[level:2 origin:%s value:deep]", host))
		_, err := v.p.Click(v.in(time.Second), at("text=Send >> in frame css=iframe"), browser.Click{})
		v.fails(browser.Ambiguous, err)
	},
	"shadow": func(v *visitor) {
		v.visit("/pages/shadow")
		_, err := v.p.Click(v.in(time.Second), at("text=Send"), browser.Click{})
		v.fails(browser.Ambiguous, err)
		for _, part := range []string{"Open", "Closed", "Nested"} {
			area := ` >> in xpath=//section[h2="` + part + `"]`
			v.fill("label=Value"+area, part)
			v.click("text=Send" + area)
			v.effects("pages.shadow", map[string]int{"Open": 1, "Closed": 2, "Nested": 3}[part])
		}
		v.did("pages.shadow", "open map[value:Open]", "closed map[value:Closed]", "nested map[value:Nested]")
	},
	"popup": func(v *visitor) {
		v.visit("/pages/popup")
		for i, by := range []string{"text=Open a window", "text=Open a tab", "text=Open a window later"} {
			v.click(by)
			child := v.popup(2)
			if child.Opener() != v.p.ID() {
				v.Errorf("%s: the page was opened by %q", by, child.Opener())
			}
			_, err := child.Click(v.long(), at("text="+[]string{"Tea", "Coffee"}[i%2]), browser.Click{})
			v.must(err)
			select {
			case <-child.Gone():
			case <-v.long().Done():
				v.Fatal("the window is still there")
			}
			v.effects("pages.popup", i+1)
		}
		v.did("pages.popup", "choose map[by:window choice:Tea]", "choose map[by:tab choice:Coffee]", "choose map[by:late choice:Tea]")
	},
	"dialogs": func(v *visitor) {
		v.visit("/pages/dialogs?n=20")
		v.p.Answer(browser.DialogPolicy{Accept: true, Text: "Ada"})
		for i, b := range []string{"Alert", "Confirm", "Prompt", "Storm"} {
			v.click("role=button[name=" + b + "]")
			v.effects("pages.dialogs", i+1)
		}
		v.did("pages.dialogs", "alert", "confirm map[answer:true]", "prompt map[answer:Ada]", "storm map[n:20]")
		if n := len(v.p.Dialogs()); n != 23 {
			v.Errorf("%d dialogs were told", n)
		}
	},
	"slow": func(v *visitor) {
		v.visit("/pages/slow?ms=300")
		v.says("text=Here it is", "after 300 ms")
		err := within(v.T, time.Second, func(ctx context.Context) error {
			_, err := v.p.Goto(ctx, v.url+"/pages/slow?ms=never", browser.Loaded)
			return err
		})
		v.fails(browser.Navigation, err)
	},
	"redirects": func(v *visitor) {
		v.visit("/pages/redirects?n=5")
		v.did("pages.redirects", "hop map[k:0]", "hop map[k:1]", "hop map[k:2]", "hop map[k:3]", "hop map[k:4]", "arrived map[after:5]")
		_, err := v.p.Goto(v.long(), v.url+"/pages/redirects", browser.Loaded)
		v.fails(browser.Navigation, err)
	},
	"big": func(v *visitor) {
		mb := "5"
		if every {
			mb = "50"
		}
		_, err := v.p.Goto(v.in(2*time.Minute), v.url+"/pages/big?mb="+mb, browser.Loaded)
		v.must(err)
		_, err = v.p.Click(v.in(2*time.Minute), at("role=button[name=At the end]"), browser.Click{})
		v.must(err)
		v.did("pages.big", v.effects("pages.big", 2)[0], "click")
	},
	"hang": func(v *visitor) {
		v.visit("/pages/hang?ms=1500")
		err := within(v.T, 10*time.Second, func(ctx context.Context) error {
			_, err := v.p.Click(ctx, at("role=button[name=Hang]"), browser.Click{})
			return err
		})
		v.must(err)
		v.did("pages.hang", "hang", "free")
	},
	"download": download,
	"upload":   upload,
	"choices": func(v *visitor) {
		v.visit("/pages/choices")
		v.choose("label=Colour", "Green")
		v.choose("label=Sizes", "M", "XL")
		v.check("label=By courier", true)
		v.check("label=I agree to the terms", true)
		v.check("label=All parts", true)
		_, err := v.p.Select(v.in(time.Second), at("label=Colour"), "", "Blue (sold out)")
		v.fails(browser.Disabled, err)
		v.click("role=button[name=Save]")
		v.did("pages.choices", "save map[all:all colour:g delivery:courier sizes:M,XL terms:yes]")
	},
	"date": func(v *visitor) {
		v.visit("/pages/date")
		v.fill("label=Day", "2026-12-24")
		v.fill("label=Time", "08:30")
		_, err := v.p.Fill(v.in(time.Second), at("label=From the calendar"), "2026-02-15")
		v.fails(browser.ReadOnly, err)
		v.click("label=From the calendar")
		v.click("role=button[name=Month after]")
		v.click("text=15")
		v.click("text=Save")
		v.did("pages.date", "save map[at:08:30 day:2026-12-24 picked:2026-02-15]")
	},
	"editor": func(v *visitor) {
		v.visit("/pages/editor")
		v.fill("label=Text", "Dear Ada,\nall is well.")
		v.click("text=Save")
		if got := v.site.Ledger().All("pages.editor"); len(v.effects("pages.editor", 1)) != 1 {
			v.Errorf("the ledger has %v", got)
		}
		if got := v.site.Ledger().All("pages.editor")[0].Facts["text"]; strings.Join(strings.Fields(got), " ") != "Dear Ada, all is well." {
			v.Errorf("the server received %q", got)
		}
	},
	"table": func(v *visitor) {
		v.visit("/pages/table?rows=2000")
		v.click(`text=Pick >> in xpath=//tr[td="Delta 1999"]`)
		v.did("pages.table", "pick map[row:1999]")
	},
	"basic": func(v *visitor) {
		v.open(started(v.T), browser.Options{User: "robot", Password: "practice"})
		v.visit("/pages/basic")
		v.says("text=You are in", "You are in.")
		v.open(started(v.T), browser.Options{User: "robot", Password: "wrong"})
		a, err := v.p.Goto(v.long(), v.url+"/pages/basic", browser.Loaded)
		if err == nil && a.Status != 401 {
			v.Errorf("a wrong password led to %+v", a)
		}
	},
	"digest": func(v *visitor) {
		v.open(started(v.T), browser.Options{User: "robot", Password: "practice"})
		v.visit("/pages/digest")
		v.says("text=You are in", "You are in.")
	},
	"storage": func(v *visitor) {
		v.visit("/pages/storage")
		for what, button := range map[string]string{"cookie": "Keep as a cookie", "local storage": "Keep in local storage", "session storage": "Keep in session storage"} {
			v.fill("label=Value", what)
			v.click("role=button[name=" + button + "]")
		}
		v.click("text=Send all")
		v.did("pages.storage", "seen map[cookies:script=cookie local:local storage script:script=cookie session:session storage]")
	},
	"limit": func(v *visitor) {
		a, err := v.p.Goto(v.long(), v.url+"/pages/limit?case=suite&n=1&after=1", browser.Loaded)
		v.must(err)
		if a.Status != 429 {
			v.Errorf("the first answer had the status %d", a.Status)
		}
	},
}

// TestPages works on each small page as a person would; the ledger is the judge.
func TestPages(t *testing.T) {
	for _, pg := range pages.List {
		t.Run(pg.Name, func(t *testing.T) {
			act := pageTests[pg.Name]
			if act == nil {
				t.Fatal("nobody has tried this page")
			}
			t.Parallel()
			act(arrive(t, 0, browser.Options{}))
		})
	}
}

// obstacle waits for what goes away, and fails as what does not.
func obstacle(v *visitor, page, kind string) {
	v.visit("/pages/" + page + "?ms=300")
	v.click("role=button[name=Click me]")
	v.did("pages."+page, "click map[trusted:true]")
	v.site.Ledger().Reset()
	v.visit("/pages/" + page + "?ms=never")
	click := func(ctx context.Context) error {
		_, err := v.p.Click(ctx, at("role=button[name=Click me]"), browser.Click{})
		return err
	}
	err := within(v.T, time.Second, click)
	if (hostileCase{kind: kind}).starved(err) {
		err = within(v.T, 10*time.Second, click)
	}
	if page == "moving" && err == nil { // a hand may hit what moves, once
		v.did("pages."+page, "click map[trusted:true]")
		return
	}
	v.fails(kind, err)
	v.undone("pages." + page)
}

func leaving(v *visitor) {
	v.visit("/pages/leaving?by=script")
	d := v.click("text=Leave this page")
	if d.Arrival != nil {
		v.Errorf("the page forbade to leave, and was left for %+v", d.Arrival)
	}
	v.undone("pages.leaving")
	v.visit("/pages/leaving?by=204")
	_, err := v.p.Click(v.long(), at("text=Leave this page"), browser.Click{})
	v.fails(browser.Navigation, err)
	v.did("pages.leaving", "nowhere")
	v.site.Ledger().Reset()
	// The browser asks only on pages that were worked on.
	v.visit("/pages/leaving?by=unload")
	v.fill("label=Draft", "half of it")
	v.p.Answer(browser.DialogPolicy{Dismiss: true})
	_, err = v.p.Click(v.long(), at("text=Leave this page"), browser.Click{})
	v.fails(browser.Navigation, err)
	v.undone("pages.leaving")
	if got := v.text("label=Draft"); got != "half of it" {
		v.Errorf("the draft is %q", got)
	}
	v.p.Answer(browser.DialogPolicy{})
	if d := v.click("text=Leave this page"); d.Arrival == nil || d.Arrival.URL != v.url+"/pages/leaving/there" {
		v.Errorf("leaving led to %+v", d.Arrival)
	}
	v.did("pages.leaving", "arrived")
}

func download(v *visitor) {
	v.open(started(v.T), browser.Options{Downloads: v.TempDir()})
	v.visit("/pages/download")
	want := []string{"report.csv", "Übersicht 概要.csv", "slow.csv", "made.csv"}
	for i, link := range []string{"text=A file of 10 KB", "text=A file with a name of other letters", "text=A slow file", "text=A file made by a script"} {
		if d := v.click(link); d.Arrival != nil && !d.Arrival.Download {
			v.Errorf("%s: the page went to %+v", link, d.Arrival)
		}
		ctx := v.long()
		for {
			changed := v.c.Changed()
			all := v.c.Downloads()
			if len(all) == i+1 && all[i].State == "done" {
				if _, err := os.Stat(all[i].Path); err != nil || all[i].Name != want[i] {
					v.Errorf("%+v: %v", all[i], err)
				}
				break
			}
			select {
			case <-changed:
			case <-ctx.Done():
				v.Fatalf("%s: the downloads are %+v", link, all)
			}
		}
	}
}

func upload(v *visitor) {
	dir := v.TempDir()
	var sums []string
	var paths []string
	for i, name := range []string{"first.txt", "zweite Ü.pdf"} {
		content := []byte(strings.Repeat(name, 1000*(i+1)))
		sum := sha256.Sum256(content)
		sums = append(sums, fmt.Sprintf("%d.bytes:%d %d.name:%s %d.sha256:%s", i+1, len(content), i+1, name, i+1, hex.EncodeToString(sum[:])))
		paths = append(paths, filepath.Join(dir, name))
		v.must(os.WriteFile(paths[i], content, 0o600))
	}
	v.visit("/pages/upload")
	v.fill("label=Remark", "two of them")
	g, _, err := v.p.Upload(v.long(), at("label=Files"), paths...)
	v.must(err)
	if !slices.Equal(g.Names, []string{"first.txt", "zweite Ü.pdf"}) {
		v.Errorf("the page has %q", g.Names)
	}
	v.click("role=button[name=Upload]")
	v.visit("/pages/upload")
	_, err = v.p.DropFiles(v.long(), at("text=Drop files here"), paths[0])
	v.must(err)
	v.did("pages.upload", "form map["+strings.Join(sums, " ")+" files:2 note:two of them]", "drop map["+sums[0]+" files:1]")
	_, err = v.p.DropFiles(v.in(2*time.Second), at("role=heading[name=Uploads]"), paths[0])
	v.fails(browser.WrongKind, err)
	_, _, err = v.p.Upload(v.in(2*time.Second), at("label=Files"), filepath.Join(dir, "none.txt"))
	if err == nil {
		v.Error("a file that is not there was given to the page")
	}
}
