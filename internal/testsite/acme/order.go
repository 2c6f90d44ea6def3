package acme

import (
	"maps"
	"net/http"
	"regexp"
	"strconv"
)

// orderSteps are the pages of the wizard. What was entered is kept in the session until the order is placed.
var orderSteps = []struct {
	Title  string
	Fields []field
}{
	{"What", []field{
		{Name: "reference", Label: "Your reference", Kind: "text", Required: true, rule: regexp.MustCompile(`^[A-Za-z0-9-]{3,20}$`),
			says: "A reference is 3 to 20 letters, digits and dashes.", Hint: "The order's key: choose one that you have not used"},
		{Name: "article", Label: "Article", Kind: "select", Options: things[:8], Required: true},
		{Name: "quantity", Label: "Quantity", Kind: "text", Required: true, rule: regexp.MustCompile(`^[1-9][0-9]{0,3}$`), says: "A quantity is a whole number from 1 to 9999."},
	}},
	{"Where to", []field{
		{Name: "receiver", Label: "Receiver", Kind: "text", Required: true},
		{Name: "address", Label: "Address", Kind: "area", Required: true},
		{Name: "country", Label: "Country", Kind: "select", Options: countries, Required: true},
	}},
	{"How", []field{
		{Name: "shipping", Label: "Shipping", Kind: "radio", Options: []string{"Standard", "Express", "Pick up"}, Required: true},
		{Name: "deliver", Label: "Deliver on", Kind: "date", Required: true},
		{Name: "gift", Label: "Gift wrapping", Kind: "check"},
	}},
	{"Check and place", []field{{Name: "agreed", Label: "The order is right as it stands here", Kind: "check", Required: true}}},
}

// orderAt returns the step that a request means, from 1.
func orderAt(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 1
	}
	return min(max(n, 1), len(orderSteps))
}

func (o *office) orderPage(w http.ResponseWriter, r *http.Request) {
	at := orderAt(r.URL.Query().Get("step"))
	values := o.ordered(r)
	// Whoever jumps ahead is led to the first step that is not complete.
	for n := range at - 1 {
		if len(check(orderSteps[n].Fields, values)) > 0 {
			at = n + 1
			break
		}
	}
	o.showOrder(w, r, at, values, nil)
}

// ordered returns a copy of what the visitor has entered so far.
func (o *office) ordered(r *http.Request) map[string]string {
	s := o.session(r)
	o.mu.Lock()
	defer o.mu.Unlock()
	if s.order == nil {
		return map[string]string{}
	}
	return maps.Clone(s.order)
}

func (o *office) showOrder(w http.ResponseWriter, r *http.Request, at int, values, wrong map[string]string) {
	status := http.StatusOK
	if len(wrong) > 0 {
		status = http.StatusUnprocessableEntity
	}
	var all []entry
	if at == len(orderSteps) {
		for _, s := range orderSteps[:at-1] {
			all = append(all, entries("order.check", s.Fields, values, nil)...)
		}
	}
	o.show(w, r, status, "order", view{Title: "New order", Section: "/order", Data: map[string]any{
		"Steps": orderSteps, "At": at, "Step": orderSteps[at-1].Title, "Last": at == len(orderSteps), "Back": at - 1,
		"Fields": entries("order", orderSteps[at-1].Fields, values, wrong), "All": all, "Wrong": len(wrong),
	}})
}

func (o *office) orderStep(w http.ResponseWriter, r *http.Request) {
	if !o.form(w, r) {
		return
	}
	at := orderAt(r.FormValue("step"))
	values := o.ordered(r)
	maps.Copy(values, received(r, orderSteps[at-1].Fields))
	wrong := map[string]string{}
	for n := range at {
		maps.Copy(wrong, check(orderSteps[n].Fields, values))
	}
	if len(wrong) > 0 {
		o.showOrder(w, r, at, values, wrong)
		return
	}
	s := o.session(r)
	if at < len(orderSteps) {
		o.mu.Lock()
		s.order = values
		o.mu.Unlock()
		http.Redirect(w, r, o.cfg.Prefix+"/order?step="+strconv.Itoa(at+1), http.StatusSeeOther)
		return
	}
	// The session keeps the order, so that placing it twice is possible and shows.
	o.cfg.Ledger.Add("order.place", values["reference"], values)
	o.leave(w, r, "/", "Order "+values["reference"]+" was placed")
}
