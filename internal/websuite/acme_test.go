package websuite

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/internal/testsite/acme"
)

// signIn signs in as the clerk, or as the robot with a code.
func (v *visitor) signIn(user, password string) {
	v.Helper()
	v.fill("label=User", user)
	_, err := v.p.FillSecret(v.long(), at("label=Password"), password)
	v.must(err)
	v.click("role=button[name=Sign in]")
}

func office(t *testing.T, path string, o browser.Options) *visitor {
	t.Helper()
	v := arrive(t, 0, o)
	v.visit("/acme" + path)
	v.signIn("clerk", "practice-2")
	v.did("session.begin", "clerk")
	return v
}

func TestAcmeLogin(t *testing.T) {
	t.Parallel()
	v := arrive(t, 0, browser.Options{})
	v.visit("/acme/work")
	v.signIn("robot", "wrong")
	v.says("role=alert", "User or password is wrong.")
	v.signIn("robot", "practice-1")
	code, err := totp.GenerateCode(acme.TOTPSecret, time.Now())
	v.must(err)
	v.fill("label=Code", code)
	if d := v.press("label=Code", "Enter"); d.Arrival == nil || d.Arrival.URL != v.url+"/acme/work" {
		t.Errorf("signing in led to %+v", d.Arrival)
	}
	v.did("session.begin", "robot")
	v.says("role=status", "Welcome, Robin Botley")
}

func TestAcmeWorkList(t *testing.T) {
	t.Parallel()
	v := office(t, "/work", browser.Options{})
	v.choose("label=On a page", "50")
	v.click("role=button[name=Show]")
	v.click("role=link[name=Amount]")
	if got := v.p.Frames()[0].URL; !strings.Contains(got, "sort=amount") || !strings.Contains(got, "size=50") {
		t.Errorf("the list is at %s", got)
	}
	seen := map[string]bool{}
	for page := 1; ; page++ {
		rows, err := v.p.Every(v.long(), at("xpath=//tbody/tr/td[2]"), []browser.Field{{Read: "text"}}, 1000)
		v.must(err)
		for _, r := range rows.Rows {
			id, ok := r[0].(string)
			if !ok || seen[id] {
				t.Errorf("%v came twice or is no text", r)
			}
			seen[id] = true
		}
		if n, err := v.p.Count(v.long(), at("role=link[name=Next]"), true); err != nil || n == 0 {
			break
		}
		v.click("role=link[name=Next]")
	}
	if len(seen) != 200 {
		t.Errorf("%d work items were seen", len(seen))
	}
	v.visit("/acme/work?size=100")
	v.check("label=WI-100002", true)
	v.check("label=WI-100005", true)
	v.choose("label=Who is to have the ticked items", "Noor Haddad")
	v.click("role=button[name=Give ticked items]")
	v.did("workitem.assign", "WI-100002 map[assignee:Noor Haddad]", "WI-100005 map[assignee:Noor Haddad]")
}

func TestAcmeForms(t *testing.T) {
	t.Parallel()
	v := office(t, "/work/WI-100007", browser.Options{})
	v.choose("label=Status", "Done")
	v.choose("label=Assigned to", "Sofia Lind")
	v.check("label=High", true)
	v.fill("label=Due", "2026-11-30")
	v.check("label=Reviewed by a second person", true)
	v.click("role=button[name=Save]")
	v.says("role=alert", "Nothing was saved.")
	v.undone("workitem.update")
	v.fill("label=Note", "booked\nand checked")
	v.click("role=button[name=Save]")
	v.did("workitem.update", "WI-100007 map[assignee:Sofia Lind due:2026-11-30 note:booked\r\nand checked priority:High reviewed:yes status:Done]")

	v.visit("/acme/clients/new")
	for label, text := range map[string]string{"First name": "Änne", "Last name": "O'Neil", "E-mail": "a@b.example", "Phone": "+49 30 1234567", "Birthday": "1980-02-29"} {
		v.fill("label="+label, text)
	}
	for _, box := range []string{"Business", "French", "Polish", "Gets the newsletter"} {
		v.check("label="+box, true)
	}
	v.choose("label=Country", "Denmark")
	v.click("role=button[name=Save]")
	e := v.effects("client.create", 1)
	for _, part := range []string{"a@b.example map[", "first:Änne", "last:O'Neil", "languages:French,Polish", "newsletter:yes", "segment:Business", "country:Denmark", "birthday:1980-02-29"} {
		if len(e) != 1 || !strings.Contains(e[0], part) {
			t.Errorf("the ledger has %q without %q", e, part)
		}
	}
	// Deleting asks with the browser's dialog here, and with one of the page there.
	v.visit("/acme/vendors")
	v.click("role=button[name=Delete] >> in xpath=//tr[td='V-1003']")
	v.undone("vendor.delete") // unasked, nothing is agreed to
	v.p.Answer(browser.DialogPolicy{Accept: true})
	v.click("role=button[name=Delete] >> in xpath=//tr[td='V-1003']")
	v.did("vendor.delete", "V-1003 map[found:yes]")
	v.visit("/acme/clients")
	v.click("role=button[name=Delete] >> in xpath=//tr[td='C-2003']")
	_, err := v.p.Click(v.in(time.Second), at("role=link[name=C-2004]"), browser.Click{})
	v.fails(browser.Covered, err) // the rest of the page is out of reach now
	v.click("role=button[name=Delete] >> in role=dialog")
	v.did("client.delete", "C-2003 map[found:yes]")

	v.visit("/acme/invoices/new")
	v.fill("label=Invoice number", "INV-9001")
	v.click("role=button[name=Look up …]")
	popup := v.popup(2)
	_, err = popup.Click(v.long(), at("text=V-1004"), browser.Click{})
	v.must(err)
	_, err = v.p.WaitFunction(v.long(), "() => [...document.querySelectorAll('input')].some(i => i.value === 'V-1004')", nil)
	v.must(err)
	v.fill("label=Invoice date", "2026-05-01")
	v.fill("label=Due", "2026-06-01")
	v.fill("label=Net amount", "1250.00")
	v.choose("label=Currency", "EUR")
	v.check("label=19 %", true)
	v.click("role=button[name=Save]")
	if e := v.effects("invoice.create", 1); len(e) != 1 || !strings.Contains(e[0], "vendor:V-1004") {
		t.Errorf("the ledger has %q", e)
	}
}

func TestAcmeDesk(t *testing.T) {
	t.Parallel()
	v := office(t, "/prices", browser.Options{Downloads: t.TempDir(), Width: 1400, Height: 900})
	row := " >> in xpath=//tbody/tr[1]"
	sku := v.text("css=td:nth-child(1)" + row)
	_, err := v.p.Click(v.long(), at("css=td:nth-child(3)"+row), browser.Click{Count: 2})
	v.must(err)
	v.fill("label=price", "77.70")
	v.press("label=price", "Enter")
	v.did("price.change", sku+"/price map[field:price value:77.70]")
	_, err = v.p.Click(v.long(), at("css=td:nth-child(5)"+row), browser.Click{Count: 2})
	v.must(err)
	v.fill("label=stock", "5")
	v.press("label=stock", "Escape")
	v.did("price.change", sku+"/price map[field:price value:77.70]")

	for _, way := range []string{"html5", "pointer"} {
		v.visit("/acme/board?drag=" + way)
		card := v.text("xpath=//div[h2='To do']//article[1]/b")
		_, err := v.p.Drag(v.long(), at("text="+card), browser.Pull{To: at("xpath=//div[h2='Done']")})
		v.must(err)
		v.says("role=status", card+" is in Done")
	}
	moves := v.effects("kanban.move", 2)
	if len(moves) != 2 || !strings.Contains(moves[0], "from:To do to:Done way:html5") || !strings.Contains(moves[1], "from:To do to:Done way:pointer") {
		t.Errorf("the ledger has %q", moves)
	}

	v.visit("/acme/order")
	v.fill("label=Your reference", "ORD-17")
	choices, _, err := v.p.Read(v.long(), at("label=Article"), "list", "")
	v.must(err)
	article := strings.Split(string(choices), `"`)[3]
	v.choose("label=Article", article)
	v.fill("label=Quantity", "12")
	v.click("role=button[name=Next]")
	v.fill("label=Receiver", "Ada")
	v.fill("label=Address", "1 Way\n2 Town")
	v.choose("label=Country", "France")
	v.click("role=button[name=Next]")
	v.check("label=Express", true)
	v.fill("label=Deliver on", "2026-12-01")
	v.check("label=Gift wrapping", true)
	v.click("role=button[name=Next]")
	v.check("label=The order is right as it stands here", true)
	v.click("role=button[name=Place order]")
	if e := v.effects("order.place", 1); len(e) != 1 || !strings.Contains(e[0], "ORD-17 map[") || !strings.Contains(e[0], "quantity:12") || !strings.Contains(e[0], "shipping:Express") {
		t.Errorf("the ledger has %q", e)
	}

	file := filepath.Join(t.TempDir(), "INV-1.pdf")
	v.must(os.WriteFile(file, []byte("an invoice"), 0o600))
	v.visit("/acme/upload")
	v.fill("label=For invoice", "INV-1")
	_, _, err = v.p.Upload(v.long(), at("label=Files"), file)
	v.must(err)
	v.click("role=button[name=Upload]")
	_, err = v.p.DropFiles(v.long(), at("text=Or drop files here: they are sent at once."), file)
	v.must(err)
	up := v.effects("invoice.upload", 2)
	if len(up) != 2 || !strings.Contains(up[0], "way:form") || !strings.Contains(up[1], "way:drop") {
		t.Errorf("the ledger has %q", up)
	}

	v.visit("/acme/reports")
	v.click("text=Work list (CSV)")
	v.click("text=Statement (PDF)")
	v.choose("label=Month", "2026-03")
	v.click("role=button[name=Make report]")
	v.effects("report.download", 3)
	v.downloaded(3)

	v.visit("/acme/work/WI-100009")
	v.click("role=link[name=Print view]")
	tab := v.popup(2)
	_, err = tab.Click(v.long(), at("role=button[name=Close this tab]"), browser.Click{})
	v.must(err)
	v.did("workitem.print", "WI-100009")
}

func TestAcmeSession(t *testing.T) {
	t.Parallel()
	v := arrive(t, 0, browser.Options{})
	v.visit("/acme/login?session_requests=2")
	v.signIn("clerk", "practice-2")
	v.visit("/acme/work/WI-100003?slow=300")
	v.fill("label=Note", "lost")
	v.click("role=button[name=Save]")
	v.says("role=status", "Your session has ended")
	v.undone("workitem.update")
	v.signIn("clerk", "practice-2")
	if got := v.text("label=Note"); got == "lost" {
		t.Error("what was posted when the session had ended is there")
	}
}

func TestAcmeLab(t *testing.T) {
	for name, act := range map[string]func(*visitor){
		"frames": func(v *visitor) {
			way := " >> in frame css=iframe >> in frame css=iframe[title='Right office']"
			v.fill("label=Reference"+way, "F-1")
			v.choose("label=Desk"+way, "South")
			v.click("role=button[name=Send]" + way)
			v.did("frame.submit", "F-1 map[desk:South]")
			_, err := v.p.Click(v.in(time.Second), at("role=button[name=Send]"), browser.Click{})
			if err == nil { // of two frames one went to another page, so that the other is meant
				v.effects("frame.submit", 2)
			}
		},
		"shadow": func(v *visitor) {
			for _, part := range []string{"Closed", "Nested", "Open"} {
				area := ` >> in xpath=//section[h2="` + part + `"]`
				v.fill("label=Note"+area, part)
				v.click("role=button[name=Send]" + area)
				v.says("role=status"+area, "Received: "+part)
			}
			v.did("shadow.submit", "closed map[text:Closed]", "nested map[text:Nested]", "open map[text:Open]")
		},
		"windows": func(v *visitor) {
			v.click("role=button[name=Choose …]")
			_, err := v.popup(2).Click(v.long(), at("role=button[name=Italy]"), browser.Click{})
			v.must(err)
			v.did("window.choose", "Italy")
			_, err = v.p.WaitFunction(v.long(), "() => [...document.querySelectorAll('input')].some(i => i.value === 'Italy')", nil)
			v.must(err)
			for i, b := range []string{"text=A link to a new tab", "text=Open a tab after an answer"} {
				ctx := v.long()
				for len(v.c.Tabs()) > 1 {
					select {
					case <-v.c.Changed():
					case <-time.After(20 * time.Millisecond):
					case <-ctx.Done():
						v.Fatal("a tab stays open")
					}
				}
				v.click(b)
				tab := v.popup(2)
				_, err := tab.Click(v.long(), at("role=button[name=Report back]"), browser.Click{})
				v.must(err)
				v.says("xpath=//p[contains(.,'reported back')]/b", []string{"1", "2"}[i])
				_, err = tab.Click(v.long(), at("role=button[name=Close this tab]"), browser.Click{})
				v.must(err)
			}
		},
		"rows": func(v *visitor) {
			v.says("xpath=//*[@role='row'][1]/*[1]", "1")
			for n := 0; n < 60; n++ {
				if c, err := v.p.Count(v.long(), at("role=gridcell[name=\"501\"]"), true); err == nil && c == 1 {
					break
				}
				_, err := v.p.Scroll(v.long(), at("role=grid"), browser.Point{Y: 360}, "")
				v.must(err)
			}
			name := v.text("xpath=//*[@role='row'][*[1]='501']/*[2]")
			v.says("xpath=//*[@role='row'][*[1]='501']/*[3]", "")
			v.click("xpath=//*[@role='row'][*[1]='501']/*[1]")
			if e := v.effects("row.choose", 1); !strings.HasPrefix(e[0], "501 ") || name != "…" && !strings.Contains(e[0], name) {
				v.Errorf("row 501 says %q, and the ledger has %q", name, e)
			}
		},
		"feed": func(v *visitor) {
			for n := 0; n < 40; n++ {
				if s := v.text("xpath=//p[@role='status']"); s == "That is all." {
					break
				}
				v.must(v.p.ScrollOn(v.long(), at("css=article")))
			}
			v.click("role=button[name=Thank] >> in xpath=//article[starts-with(b,'150.')]")
			v.did("feed.like", "150")
		},
		"dates": func(v *visitor) {
			v.fill("label=A native date", "2026-12-24")
			v.click("label=A date from the calendar")
			for range 5 {
				v.click("role=button[name=Month after]")
			}
			_, err := v.p.Click(v.in(time.Second), at("role=button[name=\"14\"]"), browser.Click{})
			v.fails(browser.Disabled, err)
			v.click("role=button[name=\"15\"]")
			v.fill("label=Reference", "D-1")
			v.click("role=button[name=Book]")
			v.did("day.pick", "D-1 map[native:2026-12-24 picked:2026-06-15]")
		},
		"suggest": func(v *visitor) {
			_, err := v.p.Type(v.long(), at("label=Company"), "paper", 0, false)
			v.must(err)
			_, err = v.p.Click(v.in(time.Second), at("role=button[name=Take company]"), browser.Click{})
			v.fails(browser.Disabled, err)
			firm := v.text("role=option >> nth=2")
			v.click("role=option >> nth=2")
			v.click("role=button[name=Take company]")
			v.did("firm.pick", firm)
		},
		"editor": func(v *visitor) {
			v.fill("label=Document", "letter-9")
			v.fill("label=Text", "Dear Ada")
			v.press("label=Text", "Control+A")
			v.click("role=button[name=Bold]")
			v.click("role=button[name=Save]")
			if e := v.effects("editor.save", 1); len(e) != 1 || !strings.HasPrefix(e[0], "letter-9 ") || !strings.Contains(e[0], "text:Dear Ada") || !strings.Contains(e[0], "<b>") {
				v.Errorf("the ledger has %q", e)
			}
		},
		"dialogs": func(v *visitor) {
			v.p.Answer(browser.DialogPolicy{Accept: true, Text: "Ada"})
			v.click("role=button[name=Three in a row]")
			v.says("xpath=//p[contains(.,'Last answer')]/b", "chain: Ada")
			v.p.Answer(browser.DialogPolicy{})
			v.click("role=button[name=Confirm]")
			v.says("xpath=//p[contains(.,'Last answer')]/b", "confirm: no")
			v.did("question.answer", "chain map[answer:Ada]", "confirm map[answer:no]")
			v.check("label=Ask before this page is left", true)
			v.p.Answer(browser.DialogPolicy{Dismiss: true})
			_, err := v.p.Goto(v.long(), v.url+"/acme/lab", browser.Loaded)
			v.fails(browser.Navigation, err)
			_, err = v.p.Click(v.long(), at("role=link[name=Sign in]"), browser.Click{})
			v.fails(browser.Navigation, err)
		},
		"toasts": func(v *visitor) {
			v.click("role=button[name=Archive] >> in xpath=//li[contains(.,'tax office')]")
			v.click("role=button[name=Undo]")
			v.did("letter.undo", "L-2")
			v.did("letter.archive", "L-2")
		},
		"modal": func(v *visitor) {
			v.click("role=button[name=Add a note]")
			v.click("role=button[name=Cancel]")
			v.click("role=button[name=Add a note]")
			_, err := v.p.Click(v.in(time.Second), at("role=button[name=Save]"), browser.Click{})
			if f := v.fails(browser.Unchanged, err); !strings.Contains(f.Detail, "form was not sent") {
				v.Errorf("it failed because %s", f.Detail)
			}
			v.fill("label=Title", "N-1")
			v.fill("label=Text", "hello")
			v.click("role=button[name=Save]")
			v.did("note.save", "N-1 map[text:hello]")
		},
		"parts": func(v *visitor) {
			v.click("xpath=//section[h2='Slowest']//li[2]//button")
			e := v.effects("part.open", 1)
			if len(e) != 1 || !strings.HasPrefix(e[0], "3/") {
				v.Errorf("the ledger has %q", e)
			}
		},
		"obstacles": func(v *visitor) {
			want := []string{"covered", "made anew", "late", "moving", "visible twin", "far"}
			for i, b := range []string{"Below a cover", "Made anew", "Enabled after a second", "I come to rest", "Send the file", "At the bottom of the box"} {
				v.click("role=button[name=" + b + "]")
				v.effects("obstacle.pass", i+1)
			}
			v.did("obstacle.pass", want...)
			d, err := v.p.Fill(v.long(), at("label=Writes capitals"), "loud")
			v.must(err)
			if d.Shaped != "LOUD" {
				v.Errorf("what the page made of it was told as %q", d.Shaped)
			}
			for label, kind := range map[string]string{"Read-only": browser.ReadOnly, "Disabled": browser.Disabled} {
				_, err := v.p.Fill(v.in(time.Second), at("label="+label), "x")
				v.fails(kind, err)
			}
		},
		"seats": func(v *visitor) {
			_, err := v.p.Click(v.long(), at("css=canvas"), browser.Click{At: &browser.Point{X: 20 + 155*2 + 60, Y: 20 + 100 + 40}})
			v.must(err)
			v.did("desk.take", "B3")
		},
		"browser": func(v *visitor) {
			v.click("role=button[name=Send]")
			e := v.effects("browser.tell", 1)
			for _, part := range []string{"language:de-DE", "zone:Europe/Berlin", "width:1000", "height:700"} {
				if !strings.Contains(e[0], part) {
					v.Errorf("the ledger has %q without %s", e, part)
				}
			}
		},
		"answers": func(v *visitor) {
			for i := range 4 {
				v.fill("label=Ticket for", "T-"+string(rune('1'+i)))
				v.click("role=button[name=Draw a ticket]")
				v.says("xpath=//p[@role='status']", []string{"2 left", "1 left", "0 left", "429"}[i])
			}
			v.did("ticket.draw", "T-1", "T-2", "T-3")
			_, err := v.p.Click(v.long(), at("role=link[name=without end]"), browser.Click{})
			v.fails(browser.Navigation, err)
			a, err := v.p.Goto(v.long(), v.url+"/acme/lab/flaky?case=suite&fail=1", browser.Loaded)
			if err != nil || a.Status != 500 {
				v.Errorf("a failing page: %+v, %v", a, err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := arrive(t, 0, browser.Options{Locale: "de-DE", Timezone: "Europe/Berlin", Width: 1000, Height: 700})
			v.visit("/acme/lab/" + name)
			act(v)
		})
	}
}
