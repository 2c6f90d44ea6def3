package cli

import (
	"strings"

	"github.com/aether-rpa/aether/heal"
	"github.com/aether-rpa/aether/internal/element"
)

// replayed is a search that was made again.
type replayed struct {
	heal.Verdict
	agreed bool            // a person has approved an element like the best
	others []element.Other // targets of the flow that have an element of their own on the page
}

// oneElement is from which heal.Same on two prints count as one element for two targets.
const oneElement = 0.9

// search looks for the element of a heal again on its page. Of the flow's other targets those count that are on the page
// for certain: each has an element of its own. Two targets may be of one element.
func search(h *element.Heal, page *heal.Page, around *element.Around) replayed {
	tables := heal.Prepare(page)
	out := replayed{}
	wish := heal.Wanted{Print: h.Before, Action: h.Action, Sensitive: h.Sensitive, Rejected: around.Rejected}
	wanted := []heal.Wanted{wish}
	for _, o := range around.Others {
		if heal.Same(o.Print, h.Before) >= oneElement || h.Found != nil && heal.Same(o.Print, *h.Found) >= oneElement && o.Node == h.Node {
			continue
		}
		if tables.Find(heal.Wanted{Print: o.Print}).Decision != heal.Heal {
			continue
		}
		out.others = append(out.others, o)
		wanted = append(wanted, heal.Wanted{Print: o.Print})
		wanted[0].Others = append(wanted[0].Others, o.Print)
	}
	out.Verdict = tables.Match(wanted)[0]
	for _, like := range around.Agreed {
		if out.Decision == heal.Heal {
			break
		}
		wanted[0].Print = like
		if v := tables.Match(wanted)[0]; v.Decision == heal.Heal {
			out.Verdict, out.agreed = v, true
		}
	}
	return out
}

// replay searches again and prints the verdict.
func (c *command) replay(h *element.Heal, page *heal.Page, around *element.Around) error {
	v := search(h, page, around)
	top := []weighed{}
	for _, t := range v.Top {
		top = append(top, weighed{page.Elements[t.Element].Print, t.Score, t.Share, t.Evidence})
	}
	if c.asJSON {
		others := []any{}
		for _, o := range v.others {
			others = append(others, map[string]any{"node": o.Node, "target": o.Target})
		}
		return c.printJSON(map[string]any{"heal": h.ID, "elements": len(page.Elements), "decision": v.Decision, "p": v.P, "margin": v.Margin, "vetoes": v.Vetoes, "top": top,
			"others": others, "rejected": len(around.Rejected), "agreed": v.agreed})
	}
	c.printf("%s among %s: %s, probability %.2f, margin %.2f%s\n", h.Target, plural(len(page.Elements), "element"), v.Decision, v.P, v.Margin, vetoText(v.Vetoes))
	if v.agreed {
		c.printf("A person has approved an element that looks like it.\n")
	}
	if len(v.others) > 0 {
		names := make([]string, len(v.others))
		for i, o := range v.others {
			names[i] = o.Node + " (" + brief(o.Target) + ")"
		}
		c.printf("Other targets that have an element of their own there: %s\n", strings.Join(names, ", "))
	}
	if n := len(around.Rejected); n > 0 {
		c.printf("Elements that people have rejected for it: %d\n", n)
	}
	return c.showWeighed(top)
}
