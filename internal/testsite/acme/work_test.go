package acme_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/aether-rpa/aether/internal/testsite/acme"
)

// rows are the cells of the rows with a key, in the order of the page.
func (p *page) rows() [][]string {
	var all [][]string
	for _, tr := range p.all(func(n *html.Node) bool { return n.Data == "tr" && attr(n, "data-key") != "" }) {
		var cells []string
		for td := range tr.ChildNodes() {
			if td.Type == html.ElementNode {
				cells = append(cells, text(td))
			}
		}
		all = append(all, cells)
	}
	return all
}

// column collects a column over all pages of a list, following the links.
func (v *visitor) column(path string, n int) []string {
	v.t.Helper()
	var all []string
	for range 100 {
		p := v.get(path)
		for _, cells := range p.rows() {
			all = append(all, cells[n])
		}
		next := p.part("work.next")
		if next == nil {
			return all
		}
		path = strings.TrimPrefix(attr(next, "href"), "/acme")
	}
	v.t.Fatal("the list has no end")
	return nil
}

func TestWorkListPages(t *testing.T) {
	v := visit(t, acme.Config{Seed: 5}).signIn()
	ids := v.column("/work", 1)
	if len(ids) != 200 {
		t.Fatalf("the pages show %d items, want 200", len(ids))
	}
	seen := slices.Clone(ids)
	slices.Sort(seen)
	if len(slices.Compact(seen)) != 200 {
		t.Errorf("an item is shown twice")
	}
	if p := v.get("/work?size=25&page=8"); len(p.rows()) != 25 || p.text("work.where") != "Page 8 of 8" || p.part("work.next") != nil {
		t.Errorf("page 8 of 25 each: %d rows, %q", len(p.rows()), p.text("work.where"))
	}
	if p := v.get("/work?page=999"); p.text("work.where") != "Page 20 of 20" || len(p.rows()) != 10 {
		t.Errorf("a page that is too high shows %q", p.text("work.where"))
	}
	if p := v.get("/work?page=-1&size=x"); p.text("work.where") != "Page 1 of 20" {
		t.Errorf("a page below the first shows %q", p.text("work.where"))
	}
}

func TestWorkListSorts(t *testing.T) {
	v := visit(t, acme.Config{Seed: 5}).signIn()
	byAmount := func(a, b string) int {
		x, err := strconv.ParseFloat(a, 64)
		if err != nil {
			t.Fatal(err)
		}
		y, err := strconv.ParseFloat(b, 64)
		if err != nil {
			t.Fatal(err)
		}
		return int(x*100) - int(y*100)
	}
	byRank := func(a, b string) int {
		order := []string{"Low", "Normal", "High"}
		return slices.Index(order, a) - slices.Index(order, b)
	}
	for _, tt := range []struct {
		key    string
		column int
		order  func(a, b string) int
	}{
		{"id", 1, strings.Compare}, {"type", 2, strings.Compare}, {"client", 3, strings.Compare}, {"amount", 4, byAmount},
		{"due", 5, strings.Compare}, {"priority", 6, byRank}, {"status", 7, strings.Compare},
	} {
		up := v.column("/work?size=50&sort="+tt.key, tt.column)
		if len(up) != 200 || !slices.IsSortedFunc(up, tt.order) {
			t.Errorf("sorted by %s: %v", tt.key, up)
		}
		down := v.column("/work?size=50&dir=desc&sort="+tt.key, tt.column)
		slices.Reverse(down)
		if !slices.Equal(up, down) {
			t.Errorf("sorted by %s, descending is not the reverse of ascending", tt.key)
		}
	}
	p := v.get("/work?sort=amount&q=invoice")
	if link := attr(p.part("work.sort.amount"), "href"); link != "/acme/work?dir=desc&page=1&q=invoice&sort=amount" {
		t.Errorf("a second click on the head leads to %s", link)
	}
}

func TestWorkListFilters(t *testing.T) {
	v := visit(t, acme.Config{Seed: 5}).signIn()
	sum := 0
	for _, status := range []string{"Open", "In progress", "Waiting", "Done", "Rejected"} {
		states := v.column("/work?size=50&status="+strings.ReplaceAll(status, " ", "+"), 7)
		sum += len(states)
		if slices.ContainsFunc(states, func(s string) bool { return s != status }) {
			t.Errorf("status %s shows %v", status, states)
		}
	}
	if sum != 200 {
		t.Errorf("the states have %d items together", sum)
	}
	if got := v.column("/work?q=wi-100042", 1); !slices.Equal(got, []string{"WI-100042"}) {
		t.Errorf("searching finds %v", got)
	}
	if p := v.get("/work?q=nothing+like+this"); p.text("work.none") != "Nothing matches." || p.text("work.total") != "0 items" {
		t.Errorf("searching for what is not there shows %q", p.text("main"))
	}
}

func TestSeedChoosesTheData(t *testing.T) {
	one, same, other := visit(t, acme.Config{Seed: 5}).signIn(), visit(t, acme.Config{Seed: 5}).signIn(), visit(t, acme.Config{Seed: 6}).signIn()
	for _, path := range []string{"/work?size=100", "/vendors", "/clients", "/invoices", "/prices", "/board", "/lab/rows/data?from=500", "/lab/feed/data"} {
		if one.get(path).body != same.get(path).body {
			t.Errorf("%s differs with the same seed", path)
		}
		if one.get(path).body == other.get(path).body {
			t.Errorf("%s is the same with another seed", path)
		}
	}
}

// work is a form of a work item that the server accepts.
func work(change ...string) []string {
	return append([]string{"status", "Done", "assignee", "Noor Haddad", "priority", "High", "due", "2026-07-01", "reviewed", "yes", "note", "Booked, see <folder>"}, change...)
}

func TestWorkUpdate(t *testing.T) {
	v := visit(t, acme.Config{Seed: 5}).signIn()
	p := v.post("/work/WI-100007", work("back", "/work?page=2")...)
	if p.path != "/acme/work?page=2" || p.text("toast") != "WI-100007 was saved" {
		t.Errorf("saving leads to %s and says %q", p.path, p.text("toast"))
	}
	v.want("workitem.update", "WI-100007|status=Done|assignee=Noor Haddad|priority=High|due=2026-07-01|reviewed=yes|note=Booked, see <folder>")
	p = v.get("/work/WI-100007")
	if got := p.text("work.note"); got != "Booked, see <folder>" {
		t.Errorf("the note is %q", got)
	}
	if v.get("/work").text("toast") != "" {
		t.Errorf("the toast is shown twice")
	}
	// The office does not protect the robot.
	v.post("/work/WI-100007", work()...)
	if twice := v.ledger.Twice("workitem.update"); twice["WI-100007"] != 2 || len(twice) != 1 {
		t.Errorf("sent twice, the ledger has %v", twice)
	}
}

func TestWorkUpdateRefused(t *testing.T) {
	for _, tt := range []struct{ name, field, value, part string }{
		{"no status", "status", "", "work.status.error"},
		{"another status", "status", "Gone", "work.status.error"},
		{"no date", "due", "31.12.2026", "work.due.error"},
		{"no note", "note", " ", "work.note.error"},
		{"another priority", "priority", "Urgent", "work.priority.error"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := visit(t, acme.Config{Seed: 5}).signIn()
			form := work()
			form[slices.Index(form, tt.field)+1] = tt.value
			p := v.post("/work/WI-100007", form...)
			if p.status != http.StatusUnprocessableEntity || p.text(tt.part) == "" || p.text("form.errors") == "" {
				t.Errorf("got %d, %q, %q", p.status, p.text(tt.part), p.text("form.errors"))
			}
			v.want("workitem.update")
		})
	}
	v := visit(t, acme.Config{}).signIn()
	if p := v.post("/work/WI-1", work()...); p.status != http.StatusNotFound {
		t.Errorf("an item that is not there gives %d", p.status)
	}
	v.want("workitem.update")
}

func TestWorkAssign(t *testing.T) {
	v := visit(t, acme.Config{Seed: 5}).signIn()
	p := v.post("/work/assign", "item", "WI-100001", "item", "WI-100003", "assignee", "Sofia Lind", "back", "/work?page=1")
	if p.text("toast") != "2 items were given to Sofia Lind" {
		t.Errorf("assigning says %q", p.text("toast"))
	}
	v.want("workitem.assign", "WI-100001|assignee=Sofia Lind", "WI-100003|assignee=Sofia Lind")
	if p := v.post("/work/assign", "assignee", "Sofia Lind"); p.status != http.StatusUnprocessableEntity {
		t.Errorf("assigning nothing gives %d", p.status)
	}
	v.get("/work/WI-100001/print")
	v.want("workitem.print", "WI-100001")
}

func TestWorkCSV(t *testing.T) {
	v := visit(t, acme.Config{Seed: 5}).signIn()
	p := v.get("/reports/work.csv?status=Done")
	lines := strings.Split(strings.TrimSpace(p.body), "\n")
	if want := len(v.column("/work?status=Done", 1)) + 1; len(lines) != want || lines[0] != "Item,Type,Client,Amount,Due,Priority,Status" {
		t.Errorf("the file has %d lines, want %d, the first %q", len(lines), want, lines[0])
	}
	if got := p.header.Get("Content-Disposition"); got != `attachment; filename="work-list.csv"` {
		t.Errorf("it is sent as %q", got)
	}
	v.want("report.download", fmt.Sprintf("work-list.csv|size=%d", len(p.body)))
}
