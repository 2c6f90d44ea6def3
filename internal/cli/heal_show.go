package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/aether-rpa/aether/heal"
	"github.com/aether-rpa/aether/internal/element"
	"github.com/aether-rpa/aether/selector"
)

// showHeal prints a heal for a person.
func (c *command) showHeal(h *element.Heal) error {
	c.printf("Heal %d is %s: %s, probability %.2f, margin %.2f", h.ID, words(h.State), h.Outcome, h.P, h.Margin)
	if h.Mismatch {
		c.printf(" (the target found another element than before)")
	}
	c.printf("\n\n")
	w := tabwriter.NewWriter(c.Stdout, 0, 0, 2, ' ', 0)
	line := func(name, v string) {
		if v != "" {
			fmt.Fprintf(w, "%s\t%s\n", name, v)
		}
	}
	line("node", h.Node+" of "+h.Flow)
	line("target", h.Target)
	line("repaired", targetText(h.Repaired))
	line("page", h.URL)
	line("against it", strings.Join(h.Vetoes, ", "))
	line("model", adviceText(h.Evidence))
	line("policy", h.Policy)
	line("last run", h.Run+" at "+h.Path)
	line("worked", fmt.Sprintf("in %s, the last %d in a row with this element", plural(int(h.Runs), "run"), h.Streak))
	line("searched", fmt.Sprintf("%.0f ms", h.Millis))
	line("picture", h.Screenshot)
	if !h.Decided.IsZero() {
		line("decided", strings.TrimSuffix(date(h.Decided)+" by "+h.By, " by "))
		line("comment", h.Comment)
		line("result", h.Result)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if h.Found != nil {
		c.printf("\n")
		if err := c.comparePrints(h.Before, *h.Found); err != nil {
			return err
		}
	}
	return c.showEvidence(h.Evidence)
}

// adviceText is what a model said that was asked, "" if none was.
func adviceText(evidence json.RawMessage) string {
	var e struct {
		Advice *struct {
			Model, Reason, Error string
			Choice               int
			Candidates           []selector.Print
		}
	}
	if json.Unmarshal(evidence, &e) != nil || e.Advice == nil {
		return ""
	}
	a := e.Advice
	reason := printable(strings.Join(strings.Fields(a.Reason), " "))
	switch {
	case a.Error != "":
		return "no advice: " + printable(strings.Join(strings.Fields(a.Error), " "))
	case a.Choice < 1 || a.Choice > len(a.Candidates):
		return strings.TrimSuffix(fmt.Sprintf("%s chose none of %s: %s", a.Model, plural(len(a.Candidates), "element"), reason), ": ")
	}
	return strings.TrimSuffix(fmt.Sprintf("%s chose %s: %s", a.Model, nameOf(&a.Candidates[a.Choice-1]), reason), ": ")
}

// nameOf is an element as a line names it.
func nameOf(p *selector.Print) string {
	name := p.Name
	if name == "" {
		name = p.Text
	}
	return fmt.Sprintf("<%s> %s", p.Tag, brief(strings.Join(strings.Fields(name), " ")))
}

// weighed is an element that may be the one meant, with how it was judged.
type weighed struct {
	Element  selector.Print  `json:"element"`
	Score    float64         `json:"score"`
	Share    float64         `json:"share"`
	Evidence []heal.Evidence `json:"compared"`
}

// showEvidence prints what was compared when the element was searched.
func (c *command) showEvidence(evidence json.RawMessage) error {
	var e struct {
		Candidates []weighed `json:"candidates"`
	}
	if len(evidence) == 0 {
		return nil
	}
	if json.Unmarshal(evidence, &e) == nil && len(e.Candidates) > 0 {
		return c.showWeighed(e.Candidates)
	}
	b, err := json.MarshalIndent(evidence, "", "  ")
	if err != nil {
		return err
	}
	c.printf("\nEvidence:\n%s\n", b)
	return nil
}

// showWeighed prints elements with all that was compared.
func (c *command) showWeighed(list []weighed) error {
	for i, t := range list {
		c.printf("\n%d. %s  score %.2f, share %.2f  %s\n", i+1, nameOf(&t.Element), t.Score, t.Share, t.Element.Path)
		w := tabwriter.NewWriter(c.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "   COMPARED\tALIKE\tADDS")
		for _, e := range t.Evidence {
			fmt.Fprintf(w, "   %s\t%.2f\t%+.2f\n", e.Feature, e.Value, e.Weight)
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// comparePrints prints what an element looked like beside what it looks like now.
func (c *command) comparePrints(before, now selector.Print) error {
	a, err := printFields(before)
	if err != nil {
		return err
	}
	b, err := printFields(now)
	if err != nil {
		return err
	}
	names := map[string]bool{}
	for _, m := range []map[string]string{a, b} {
		for k := range m {
			names[k] = true
		}
	}
	w := tabwriter.NewWriter(c.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\tBEFORE\tNOW")
	for _, k := range slices.Sorted(maps.Keys(names)) {
		mark := "≠"
		if a[k] == b[k] {
			mark = "="
		}
		fmt.Fprintf(w, "%s %s\t%s\t%s\n", mark, k, brief(a[k]), brief(b[k]))
	}
	return w.Flush()
}

// printFields returns what is known in a print, as text by name.
func printFields(p selector.Print) (map[string]string, error) {
	b, err := json.Marshal(p)
	var m map[string]any
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	if err != nil {
		return nil, fmt.Errorf("reading what an element looks like: %w", err)
	}
	out := map[string]string{}
	for k, v := range m {
		if k == "v" || k == "look" { // a picture is no text
			continue
		}
		if list, ok := v.([]any); ok {
			texts := make([]string, len(list))
			for i, e := range list {
				texts[i] = fmt.Sprint(e)
			}
			v = strings.Join(texts, " ")
		}
		out[k] = strings.Join(strings.Fields(fmt.Sprint(v)), " ")
	}
	return out, nil
}

func (c *command) healReplay() *cobra.Command {
	var at serverFlags
	cmd := &cobra.Command{
		Use: "replay HEAL", Short: "Search a heal's element again on the page as it was, and show how it was judged", Args: oneArg("the number of a heal"),
		Long: "Runs the search again, with this program's weights, on all elements of the page as they were kept with the heal. The flow's other targets that are on the page keep their elements, and what people have approved or rejected meanwhile counts. Nothing is opened and nothing is changed.",
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := healNumber(args[0])
			if err != nil {
				return err
			}
			return c.withHeals(cmd, at, func(d healDesk) error {
				h, err := d.get(cmd.Context(), id)
				if err != nil {
					return err
				}
				if h.Page == "" {
					return badInput(fmt.Errorf("the page of heal %d was not kept, so nothing can be searched again (`aether heal show %d` shows what was found)", id, id))
				}
				f, err := d.page(cmd.Context(), h)
				if err != nil {
					return err
				}
				defer f.Close()
				var page heal.Page
				if err := json.NewDecoder(f).Decode(&page); err != nil {
					return fmt.Errorf("reading the page of heal %d: %w", id, err)
				}
				around, err := d.around(cmd.Context(), h)
				if err != nil {
					return err
				}
				return c.replay(h, &page, around)
			})
		},
	}
	at.add(cmd)
	return c.jsonFlag(cmd)
}

func vetoText(vetoes []string) string {
	if len(vetoes) == 0 {
		return ""
	}
	return "; against it: " + strings.Join(vetoes, ", ")
}
