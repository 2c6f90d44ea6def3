package acme

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// workItem is a line of the work list.
type workItem struct {
	ID     string
	Type   string
	Client string
	Cents  int
	Made   string            // day
	Values map[string]string // of workFields
}

// Amount is what the item is about.
func (i workItem) Amount() string { return money(i.Cents) }

// article is a line of the price list.
type article struct {
	SKU, Name   string
	Price, Unit string
	Stock       string
}

// card is a card of the board.
type card struct {
	ID, Title, Who, Column string
}

var (
	firstNames = []string{"Ada", "Boris", "Carmen", "Dara", "Elif", "Femke", "Goran", "Hana", "Ivo", "Jana", "Karim", "Lena", "Mihai", "Nora", "Oskar", "Petra", "Quinn", "Rosa", "Stefan", "Tilda", "Uwe", "Vera", "Wim", "Yara", "Zofia"}
	lastNames  = []string{"Albu", "Becker", "Conti", "Dahl", "Eriksen", "Fischer", "Garcia", "Hoffmann", "Ionescu", "Jansen", "Kowalski", "Lambert", "Moretti", "Novak", "Olsen", "Popescu", "Rossi", "Santos", "Tamm", "Visser", "Weber", "Zielinski"}
	firmHeads  = []string{"Alpen", "Baltic", "Copper", "Delta", "Elbe", "Fjord", "Granite", "Harbour", "Iris", "Juniper", "Kestrel", "Lumen", "Meridian", "Northwind", "Orchard", "Pinewood", "Quarry", "Riverside", "Summit", "Tessera", "Umber", "Vista", "Willow", "Zephyr"}
	firmTails  = []string{"Freight", "Paper", "Tools", "Textiles", "Foods", "Optics", "Energy", "Print", "Metals", "Software"}
	firmForms  = []string{"GmbH", "AB", "S.r.l.", "B.V.", "SA", "Ltd"}
	things     = []string{"Toner black", "Copy paper A4", "Desk lamp", "Office chair", "Label roll", "Stapler", "Envelope C5", "Whiteboard pen", "Hard hat", "Safety gloves", "Pallet wrap", "Network cable", "Keyboard", "Monitor arm", "Coffee beans", "Hand soap", "First aid kit", "Extension lead", "Ring binder", "Shipping box"}
)

// firstDay is the day the office's calendar begins with. It is fixed, so that the same seed shows the same data.
var firstDay = time.Date(2026, time.January, 5, 0, 0, 0, 0, time.UTC)

func day(n int) string { return firstDay.AddDate(0, 0, n).Format(time.DateOnly) }

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// firm returns the i-th company name: no two of the first 240 are the same.
func firm(i int) string {
	return firmHeads[i%len(firmHeads)] + " " + firmTails[(i/len(firmHeads)+i)%len(firmTails)] + " " + firmForms[i%len(firmForms)]
}

// fill makes the data of the office from the seed.
func (o *office) fill() {
	r := rand.New(rand.NewPCG(uint64(o.cfg.Seed), 0x41434d45))
	shift := r.IntN(24)
	usual := append([]string{"Open", "Open", "Open", "In progress", "Waiting", "Done"}, workStates...)
	for i := range 200 {
		made := r.IntN(200)
		values := map[string]string{
			"status": pick(r, usual), "priority": pick(r, priorities), "due": day(made + 7 + r.IntN(40)), "reviewed": "", "note": "",
		}
		if values["assignee"] = ""; values["status"] != "Open" {
			values["assignee"] = pick(r, people)
		}
		o.items = append(o.items, &workItem{
			ID: fmt.Sprintf("WI-%d", 100001+i), Type: pick(r, workTypes), Client: firm(shift + r.IntN(60)),
			Cents: 1000 + r.IntN(2_000_000), Made: day(made), Values: values,
		})
	}
	o.fillBooks(r, shift)
	for i, name := range things {
		o.articles = append(o.articles, &article{
			SKU: fmt.Sprintf("A-%03d", 101+i), Name: name, Price: money(150 + r.IntN(20_000)),
			Unit: pick(r, []string{"piece", "box", "pack"}), Stock: fmt.Sprint(r.IntN(500)),
		})
	}
	for i, title := range []string{"Call Harbour Paper about the late delivery", "New contract for the printers", "Clear the clearing account",
		"Travel rules 2027", "Check the duplicate vendor", "Reply to the auditors", "Move the archive", "Renew the certificates",
		"Close the month of October"} {
		o.cards = append(o.cards, &card{ID: fmt.Sprintf("K-%d", 11+i), Title: title, Who: pick(r, people), Column: boardColumns[i%3]})
	}
}

func (o *office) fillBooks(r *rand.Rand, shift int) {
	vendors := &register{Kind: "vendor", Path: "/vendors", Title: "Vendors", One: "vendor", key: "tax_id", first: 1001, letter: "V", fields: vendorFields,
		Columns: []string{"name", "country", "supplies", "terms"}, Heads: []string{"Name", "Country", "Supplies", "Terms"}, Confirm: "native"}
	for i := range 24 {
		name := firm(shift + i)
		country := pick(r, countries)
		vendors.add(map[string]string{
			"name": name, "tax_id": fmt.Sprintf("%s%09d", strings.ToUpper(country[:2]), r.IntN(1_000_000_000)),
			"email": "accounts@" + strings.ToLower(strings.Fields(name)[0]+strings.Fields(name)[1]) + ".example", "country": country,
			"supplies": pick(r, []string{"Goods", "Services", "Both"}), "terms": pick(r, []string{"14 days", "30 days", "60 days"}),
			"since": day(-r.IntN(3000)), "active": pick(r, []string{"yes", "yes", ""}), "notes": "",
		})
	}
	clients := &register{Kind: "client", Path: "/clients", Title: "Clients", One: "client", key: "email", first: 2001, letter: "C", fields: clientFields,
		Columns: []string{"last", "first", "company", "segment"}, Heads: []string{"Last name", "First name", "Company", "Segment"}, Confirm: "modal"}
	for i := range 40 {
		first, last := firstNames[(shift+i)%len(firstNames)], lastNames[(shift+i*3)%len(lastNames)]
		segment, company := pick(r, []string{"Private", "Business", "Public"}), ""
		if segment != "Private" {
			company = firm(shift + 24 + i)
		}
		clients.add(map[string]string{
			"first": first, "last": last, "company": company, "email": strings.ToLower(first+"."+last) + "@mail.example",
			"phone": fmt.Sprintf("+49 30 %07d", r.IntN(10_000_000)), "segment": segment,
			"languages": pick(r, []string{"English", "German", "English,German", "French,Romanian", "Polish"}), "country": pick(r, countries),
			"birthday": day(-7000 - r.IntN(15000)), "newsletter": pick(r, []string{"yes", ""}), "remarks": "",
		})
	}
	invoices := &register{Kind: "invoice", Path: "/invoices", Title: "Invoices", One: "invoice", key: "number", first: 3001, letter: "R", fields: invoiceFields,
		Columns: []string{"number", "vendor", "date", "net", "currency"}, Heads: []string{"Number", "Vendor", "Date", "Net", ""}, Confirm: "modal"}
	for i := range 12 {
		made := r.IntN(250)
		invoices.add(map[string]string{
			"number": fmt.Sprintf("INV-%d", 1001+i), "vendor": fmt.Sprintf("V-%d", 1001+r.IntN(24)), "date": day(made), "due": day(made + 30),
			"net": money(5000 + r.IntN(900_000)), "currency": "EUR", "vat": pick(r, []string{"0 %", "7 %", "19 %"}), "paid": pick(r, []string{"yes", ""}), "text": "",
		})
	}
	o.books = []*register{vendors, clients, invoices}
}
