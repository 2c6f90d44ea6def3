package durable

import "strings"

// Part says which entries of a run are read, so that one with a hundred thousand
// of them is read in pieces.
type Part struct {
	// From is the number of the first entry that is looked at; entries are numbered
	// upwards in their order, beginning at 0 or later.
	From int64
	// Limit is how many are given at most; 0 for all.
	Limit int
	// Prefix begins the names of those that are given, and Holds stands in them.
	Prefix, Holds string
	// Only selects among the names that are left; nil for all of them.
	Only func(name string) bool
	// Names leaves their data out.
	Names bool
}

// Numbered is an entry with its number.
type Numbered struct {
	Number int64
	Entry
}

// Takes reports whether an entry of that name belongs to the part.
func (p Part) Takes(name string) bool {
	return strings.HasPrefix(name, p.Prefix) && strings.Contains(name, p.Holds) && (p.Only == nil || p.Only(name))
}

// Collect gives the entries of the part out of pages of step entries in their
// order, each beginning with the number that page is called with or a later one.
func (p Part) Collect(step int, page func(from int64) ([]Numbered, error)) ([]Numbered, error) {
	var out []Numbered
	from := p.From
	for more := true; more && (p.Limit == 0 || len(out) < p.Limit); {
		rows, err := page(from)
		if err != nil {
			return nil, err
		}
		more = len(rows) == step
		for _, e := range rows {
			from = e.Number + 1
			if p.Takes(e.Name) && (p.Limit == 0 || len(out) < p.Limit) {
				out = append(out, e)
			}
		}
	}
	return out, nil
}

// Pattern is what LIKE finds the names of the part with, and perhaps others; it
// escapes with a backslash. It is empty if the part is all names.
func (p Part) Pattern() string {
	esc := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
	switch {
	case p.Prefix != "":
		return esc.Replace(p.Prefix) + "%" // what they hold may begin in the prefix
	case p.Holds != "":
		return "%" + esc.Replace(p.Holds) + "%"
	}
	return ""
}
