package websuite

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/internal/testsite/challenge"
	"github.com/aether-rpa/aether/selector"
)

// otherWords are what the fields are called in variant g, as a person would understand them.
var otherWords = map[string][]string{
	"First Name": {"Given name", "Forename", "Name (first)"}, "Last Name": {"Surname", "Family name", "Name (last)"},
	"Company Name": {"Organisation", "Employer", "Firm"}, "Role in Company": {"Position", "Job title", "Works as"},
	"Address": {"Street and number", "Postal address", "Where to write to"}, "Email": {"E-mail address", "Mail", "Electronic mail"},
	"Phone Number": {"Telephone", "Phone", "Contact number"},
}

func fieldTarget(f challenge.Field, v challenge.Variant) selector.Target {
	t := selector.Target{Queries: []selector.Query{{By: selector.ByLabel, Value: f.String()}}}
	if v == challenge.Reworded {
		t.Queries = nil
		for _, w := range otherWords[f.String()] {
			t.Queries = append(t.Queries, selector.Query{By: selector.ByLabel, Value: w})
		}
	}
	return t
}

// TestChallenge wins the challenge by labels alone: seventy of seventy, each round sent once.
func TestChallenge(t *testing.T) {
	levels := []int{0}
	if every {
		levels = []int{0, 1, 2, 3}
	}
	for _, level := range levels {
		for _, c := range challenge.Variants {
			if !every && strings.Contains("acf", string(c.Variant)) {
				continue
			}
			if c.Variant == challenge.Drawn { // labels that are pixels need to be read as a picture
				continue
			}
			t.Run(fmt.Sprintf("%s at level %d", c.Variant, level), func(t *testing.T) {
				t.Parallel()
				v := arrive(t, level, browser.Options{})
				v.visit("/challenge/" + string(c.Variant) + "/")
				v.click("role=button[name=Start]")
				for n, person := range challenge.People() {
					if c.Variant == challenge.Slow && n > 0 { // the fields of the last round go away and others come
						v.must(v.p.WaitFor(v.long(), fieldTarget(challenge.FirstName, c.Variant), browser.Shown))
					}
					for _, f := range challenge.Fields {
						_, err := v.p.Fill(v.long(), fieldTarget(f, c.Variant), person[f])
						v.must(err)
					}
					v.click("role=button[name=Submit]")
				}
				v.says("text=Your success rate", "70 out of 70")
				done := v.site.Ledger().All("challenge.done")
				if len(done) != 1 || done[0].Facts["points"] != "70" {
					t.Errorf("the ledger has %v", done)
				}
				if twice := v.site.Ledger().Twice("challenge.submit"); len(twice) > 0 {
					t.Errorf("sent twice: %v", twice)
				}
			})
		}
	}
}
