package acme_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/aether-rpa/aether/internal/testsite/acme"
)

var books = []struct {
	kind, path, first string
	key               string // of a creation
	form              []string
	wrong             [][2]string // a value that is refused, and of which field
}{
	{"vendor", "/vendors", "V-1001", "DE123456789", []string{
		"name", "Nordlicht & Söhne", "tax_id", "DE123456789", "email", "mail@nordlicht.example", "country", "Germany", "supplies", "Both", "terms", "30 days",
		"since", "2020-02-29", "active", "yes", "notes", "two\nlines"},
		[][2]string{{"name", " "}, {"tax_id", "123"}, {"email", "nobody"}, {"country", "Atlantis"}, {"supplies", ""}, {"terms", "never"}, {"since", "2021-02-29"}}},
	{"client", "/clients", "C-2001", "ada@lovelace.example", []string{
		"first", "Ada", "last", "Lovelace", "company", "Engines Ltd", "email", "ada@lovelace.example", "phone", "+44 20 1234567", "segment", "Private",
		"languages", "English", "country", "France", "birthday", "1990-12-10", "newsletter", "yes", "remarks", ""},
		[][2]string{{"first", ""}, {"last", ""}, {"email", "ada"}, {"phone", "call me"}, {"segment", "Secret"}, {"languages", "Latin"}, {"country", ""}, {"birthday", "10.12.1990"}}},
	{"invoice", "/invoices", "R-3001", "INV-9001", []string{
		"number", "INV-9001", "vendor", "V-1003", "date", "2026-05-01", "due", "2026-05-31", "net", "1250.50", "currency", "EUR", "vat", "19 %", "paid", "yes", "text", ""},
		[][2]string{{"number", "9001"}, {"vendor", "V-9"}, {"date", ""}, {"due", "2026-04-30"}, {"net", "1.250,50"}, {"currency", "DM"}, {"vat", "16 %"}}},
}

func TestRegisterCreate(t *testing.T) {
	for _, b := range books {
		t.Run(b.kind, func(t *testing.T) {
			v := visit(t, acme.Config{Seed: 2}).signIn()
			before := len(v.get(b.path).rows())
			p := v.post(b.path+"/new", b.form...)
			if p.path != "/acme"+b.path || len(p.rows()) != before+1 {
				t.Fatalf("creating leads to %s with %d rows, want %d", p.path, len(p.rows()), before+1)
			}
			line := b.key
			for i := 0; i < len(b.form); i += 2 {
				line += "|" + b.form[i] + "=" + b.form[i+1]
			}
			v.want(b.kind+".create", line)
			// What is sent twice happens twice, and the key shows it.
			v.post(b.path+"/new", b.form...)
			if twice := v.ledger.Twice(b.kind + ".create"); twice[b.key] != 2 {
				t.Errorf("sent twice, the ledger has %v", twice)
			}
			if got := len(v.get(b.path).rows()); got != before+2 {
				t.Errorf("the list has %d rows, want %d", got, before+2)
			}
		})
	}
}

func TestRegisterRefuses(t *testing.T) {
	for _, b := range books {
		v := visit(t, acme.Config{Seed: 2}).signIn()
		for _, w := range b.wrong {
			for _, path := range []string{b.path + "/new", b.path + "/" + b.first} {
				form := slices.Clone(b.form)
				form[slices.Index(form, w[0])+1] = w[1]
				p := v.post(path, form...)
				if p.status != http.StatusUnprocessableEntity || p.text(b.kind+"."+w[0]+".error") == "" || p.text("form.errors") != "Nothing was saved. One entry needs your attention." {
					t.Errorf("%s with %s %q: got %d %q %q", path, w[0], w[1], p.status, p.text(b.kind+"."+w[0]+".error"), p.text("form.errors"))
				}
			}
		}
		if all := v.ledger.All(b.kind + ".create"); len(all) != 0 {
			t.Errorf("what was refused is in the ledger: %v", all)
		}
		v.want(b.kind + ".update")
	}
}

func TestRegisterUpdateAndDelete(t *testing.T) {
	for _, b := range books {
		t.Run(b.kind, func(t *testing.T) {
			v := visit(t, acme.Config{Seed: 2}).signIn()
			v.post(b.path+"/"+b.first, b.form...)
			v.want(b.kind+".update", b.first+"|"+b.form[0]+"="+b.form[1])
			p := v.get(b.path + "/" + b.first)
			if got := attr(p.part(b.kind+"."+b.form[0]), "value"); got != b.form[1] {
				t.Errorf("%s is now %q", b.form[0], got)
			}
			before := len(v.get(b.path).rows())
			if p := v.post(b.path + "/" + b.first + "/delete"); len(p.rows()) != before-1 {
				t.Errorf("after deleting there are %d rows, want %d", len(p.rows()), before-1)
			}
			if p := v.post(b.path + "/" + b.first + "/delete"); p.status != http.StatusNotFound {
				t.Errorf("deleting again gives %d", p.status)
			}
			v.want(b.kind+".delete", b.first+"|found=yes", b.first+"|found=no")
			if p := v.get(b.path + "/" + b.first); p.status != http.StatusNotFound {
				t.Errorf("what was deleted gives %d", p.status)
			}
			if p := v.post(b.path+"/"+b.first, b.form...); p.status != http.StatusNotFound {
				t.Errorf("saving what was deleted gives %d", p.status)
			}
		})
	}
}

func TestRegisterSearch(t *testing.T) {
	v := visit(t, acme.Config{Seed: 2}).signIn()
	if rows := v.get("/vendors?q=v-1005").rows(); len(rows) != 1 || rows[0][0] != "V-1005" {
		t.Errorf("searching finds %v", rows)
	}
	if p := v.get("/lookup/vendors?q=v-1005"); p.part("lookup.choose.V-1005") == nil || p.part("lookup.choose.V-1006") != nil {
		t.Errorf("the small window shows %q", p.text("lookup.list"))
	}
}
