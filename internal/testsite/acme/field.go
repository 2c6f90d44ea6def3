package acme

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// field is an entry of a form, checked by the server.
type field struct {
	Name     string
	Label    string
	Kind     string // text, email, date, select, radio, check, checks, area
	Options  []string
	Required bool
	Hint     string
	Lookup   bool           // has a window to choose from
	rule     *regexp.Regexp // what a value must look like
	says     string         // what is said if it does not
}

// entry is a field with what was entered and what is wrong with it.
type entry struct {
	field
	Part  string // its name among the parts of the page
	Value string
	Wrong string
}

// Has reports whether an option is among the entered ones.
func (e entry) Has(option string) bool { return slices.Contains(strings.Split(e.Value, ","), option) }

// received returns what a request says of the fields, as it was received.
func received(r *http.Request, fields []field) map[string]string {
	got := map[string]string{}
	for _, f := range fields {
		got[f.Name] = strings.Join(r.PostForm[f.Name], ",")
	}
	return got
}

// check returns what is wrong with values, by field; nothing if all is well.
func check(fields []field, values map[string]string) map[string]string {
	wrong := map[string]string{}
	for _, f := range fields {
		if w := f.check(strings.TrimSpace(values[f.Name])); w != "" {
			wrong[f.Name] = w
		}
	}
	return wrong
}

func (f field) check(value string) string {
	switch {
	case value == "" && f.Required && (f.Kind == "select" || f.Kind == "radio"):
		return "Choose one."
	case value == "" && f.Required:
		return "This must be filled in."
	case value == "":
		return ""
	case f.Kind == "date":
		if _, err := time.Parse(time.DateOnly, value); err != nil {
			return "This is no date: write it as 2026-01-31."
		}
	case f.Kind == "select" || f.Kind == "radio":
		if !slices.Contains(f.Options, value) {
			return fmt.Sprintf("%q is not offered here.", value)
		}
	case f.Kind == "checks":
		for _, v := range strings.Split(value, ",") {
			if !slices.Contains(f.Options, v) {
				return fmt.Sprintf("%q is not offered here.", v)
			}
		}
	case f.rule != nil && !f.rule.MatchString(value):
		return f.says
	}
	return ""
}

// entries joins fields, values and mistakes for the page. Parts are named "form.field".
func entries(form string, fields []field, values, wrong map[string]string) []entry {
	all := make([]entry, 0, len(fields))
	for _, f := range fields {
		all = append(all, entry{field: f, Part: form + "." + f.Name, Value: values[f.Name], Wrong: wrong[f.Name]})
	}
	return all
}

var (
	mailRule   = regexp.MustCompile(`^[^@\s]+@[^@\s]+\.[^@\s]+$`)
	phoneRule  = regexp.MustCompile(`^\+?[0-9 ()/-]{6,}$`)
	taxRule    = regexp.MustCompile(`^[A-Z]{2}[0-9]{8,10}$`)
	amountRule = regexp.MustCompile(`^[0-9]{1,9}([.][0-9]{1,2})?$`)
	numberRule = regexp.MustCompile(`^[A-Z]{1,4}-[0-9]{3,}$`)
)

var (
	countries  = []string{"Austria", "Denmark", "France", "Germany", "Italy", "Netherlands", "Poland", "Romania", "Spain", "Sweden"}
	workTypes  = []string{"Book invoice", "Check vendor", "Match payment", "Send report", "Update client"}
	workStates = []string{"Open", "In progress", "Waiting", "Done", "Rejected"}
	priorities = []string{"Low", "Normal", "High"}
	people     = []string{"Clara Kirk", "Dmitri Vance", "Noor Haddad", "Robin Botley", "Sofia Lind"}
)

var workFields = []field{
	{Name: "status", Label: "Status", Kind: "select", Options: workStates, Required: true},
	{Name: "assignee", Label: "Assigned to", Kind: "select", Options: people},
	{Name: "priority", Label: "Priority", Kind: "radio", Options: priorities, Required: true},
	{Name: "due", Label: "Due", Kind: "date", Required: true},
	{Name: "reviewed", Label: "Reviewed by a second person", Kind: "check"},
	{Name: "note", Label: "Note", Kind: "area", Hint: "What was done, for whoever opens this next."},
}

var vendorFields = []field{
	{Name: "name", Label: "Name", Kind: "text", Required: true},
	{Name: "tax_id", Label: "Tax ID", Kind: "text", Required: true, rule: taxRule, Hint: "Two letters and 8 to 10 digits, like DE123456789",
		says: "A tax ID is two capital letters and 8 to 10 digits, like DE123456789."},
	{Name: "email", Label: "E-mail", Kind: "email", rule: mailRule, says: "This is no e-mail address."},
	{Name: "country", Label: "Country", Kind: "select", Options: countries, Required: true},
	{Name: "supplies", Label: "Supplies", Kind: "radio", Options: []string{"Goods", "Services", "Both"}, Required: true},
	{Name: "terms", Label: "Payment terms", Kind: "select", Options: []string{"14 days", "30 days", "60 days"}, Required: true},
	{Name: "since", Label: "Vendor since", Kind: "date"},
	{Name: "active", Label: "Active", Kind: "check"},
	{Name: "notes", Label: "Notes", Kind: "area"},
}

var clientFields = []field{
	{Name: "first", Label: "First name", Kind: "text", Required: true},
	{Name: "last", Label: "Last name", Kind: "text", Required: true},
	{Name: "company", Label: "Company", Kind: "text"},
	{Name: "email", Label: "E-mail", Kind: "email", Required: true, rule: mailRule, says: "This is no e-mail address."},
	{Name: "phone", Label: "Phone", Kind: "text", rule: phoneRule, says: "A phone number is digits, with blanks and a leading + as you like."},
	{Name: "segment", Label: "Segment", Kind: "radio", Options: []string{"Private", "Business", "Public"}, Required: true},
	{Name: "languages", Label: "Languages", Kind: "checks", Options: []string{"English", "French", "German", "Polish", "Romanian"}},
	{Name: "country", Label: "Country", Kind: "select", Options: countries, Required: true},
	{Name: "birthday", Label: "Birthday", Kind: "date"},
	{Name: "newsletter", Label: "Gets the newsletter", Kind: "check"},
	{Name: "remarks", Label: "Remarks", Kind: "area"},
}

var invoiceFields = []field{
	{Name: "number", Label: "Invoice number", Kind: "text", Required: true, rule: numberRule, Hint: "Like INV-2041",
		says: "An invoice number is capital letters, a dash and digits, like INV-2041."},
	{Name: "vendor", Label: "Vendor", Kind: "text", Required: true, Lookup: true, Hint: "The vendor's number, like V-1003"},
	{Name: "date", Label: "Invoice date", Kind: "date", Required: true},
	{Name: "due", Label: "Due", Kind: "date", Required: true},
	{Name: "net", Label: "Net amount", Kind: "text", Required: true, rule: amountRule, Hint: "Like 1250.00",
		says: "An amount is written like 1250.00."},
	{Name: "currency", Label: "Currency", Kind: "select", Options: []string{"EUR", "DKK", "PLN", "RON", "SEK"}, Required: true},
	{Name: "vat", Label: "VAT", Kind: "radio", Options: []string{"0 %", "7 %", "19 %"}, Required: true},
	{Name: "paid", Label: "Already paid", Kind: "check"},
	{Name: "text", Label: "Text", Kind: "area"},
}
