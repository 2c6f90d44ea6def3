package recorder_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/internal/recorder"
	"github.com/aether-rpa/aether/internal/testsite"
)

// pickTwo picks two elements of a page, and what they have in common.
func pickTwo(t *testing.T, url, first, second string) (recorder.Picked, *person) {
	t.Helper()
	k, err := recorder.Pick(t.Context(), started(t), recorder.Config{URL: url, Width: 1000, Height: 700, Bare: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.Close() })
	p := &person{T: t, tab: k.Context().Tabs()[0]}
	p.until(p.tab.ID(), "__aether.record.state.mode === 'pick'")
	choose := func(what string) {
		changed := k.Changed()
		p.click(what)
		select {
		case <-changed:
		case <-p.long().Done():
			t.Fatalf("%s was not taken", what)
		}
	}
	choose(first)
	if err := k.Press(t.Context(), "like"); err != nil {
		t.Fatal(err)
	}
	p.until(p.tab.ID(), "__aether.record.state.mode === 'pick' && __aether.record.state.like")
	if k.Doing() != "like" {
		t.Errorf("the next click chooses %q", k.Doing())
	}
	choose(second)
	got, _ := k.Picked()
	if k.Failed() != (got.Like == nil) {
		t.Errorf("failed is %v, with %+v", k.Failed(), got.Like)
	}
	return got, p
}

// said is what is known of a list, in a line.
func said(l *recorder.Like) string {
	if l == nil {
		return "nothing"
	}
	var fields []string
	for _, f := range l.Fields {
		one := f.Name + "=" + f.Sample
		if f.Optional {
			one += "?"
		}
		fields = append(fields, one)
	}
	return fmt.Sprintf("%d in %d: %s", l.Count, l.Rows, strings.Join(fields, " | "))
}

func TestLists(t *testing.T) {
	url := serve(t, map[string]string{
		// Cards of different shapes in a list that stands in another: some lack a part, one has more.
		"/cards": `<ul class=outer><li><h2>Lamps</h2><ul class=inner><li class=item><b class=name>Spot</b></li><li class=item><b class=name>Desk</b><span class=price>8.00</span></li>
			<li class=item><div class=box><b class=name>Floor</b><span class=price>9.00</span><a class=more href=/floor>More</a></div></li><li class=item><b class=name>Wall</b><em class=note>new</em></li></ul></li>
			<li><h2>Chairs</h2></li></ul>`,
		// A table with a heading over two columns, a row that lacks its last cell, and a table inside of a cell.
		"/table": `<table id=out><thead><tr><th>Name</th><th colspan=2>Size</th><th>Note</th></tr></thead><tbody>
			<tr><td>Oak</td><td>10</td><td>20</td></tr>
			<tr><td>Elm</td><td>11</td><td>21</td><td><a href=/elm>see</a></td></tr>
			<tr><td>Ash</td><td>12</td><td>22</td><td><table><tr><td>inside</td></tr></table></td></tr></tbody></table>`,
		"/apart": `<main><p id=a>One</p><section><div><button>Two</button></div></section></main>`,
	})
	for _, c := range []struct{ name, path, first, second, want string }{
		{"cards", "/cards", "text=Spot", "text=Wall", "3 in 4: name=Spot | price=8.00? | more=More? | link=/floor? | note=new?"},
		{"table", "/table", "text=Oak", "text=Ash", "3 in 3: name=Oak | size=10 | size_2=20 | note=see? | note_link=/elm?"},
		{"apart", "/apart", "text=One", "text=Two", "nothing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _ := pickTwo(t, url+c.path, c.first, c.second)
			if said(got.Like) != c.want {
				t.Errorf("the list is\n%s, want\n%s", said(got.Like), c.want)
			}
		})
	}
}

// TestListsOfThePracticeSite reads what was picked, as web.extract does.
func TestListsOfThePracticeSite(t *testing.T) {
	site, err := testsite.New(testsite.Config{})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(site.Handler())
	t.Cleanup(srv.Close)
	got, p := pickTwo(t, srv.URL+"/pages/table?rows=40", "text=Amber 1", "text=Cobalt 3")
	if want := "40 in 40: no=1 | name=Amber 1 | city=Aarhus | amount=0.13 | date=2026-01-01 | column_6=Pick | column_6_link=#"; said(got.Like) != want {
		t.Errorf("the list is\n%s, want\n%s", said(got.Like), want)
	}
	if got.Table() == nil {
		t.Error("it is no table")
	}
	page := browser.NewPage(p.tab)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	l := got.Like
	fields := make([]browser.Field, 0, len(l.Fields))
	for _, f := range l.Fields {
		fields = append(fields, browser.Field{Queries: target("css=" + f.CSS).Queries, Read: f.Read})
	}
	rows, err := page.Every(ctx, target("css="+l.Row), fields, 1000)
	if err != nil || len(rows.Rows) != 40 || fmt.Sprint(rows.Rows[39][0]) != "40" {
		t.Errorf("read was %v (%v)", rows.Rows, err)
	}
}
