package cli

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/aether-rpa/aether/internal/element"
)

// steadyRuns is how many runs the summary of a flow looks at, steadyShown how many targets it shows.
const (
	steadyRuns  = 50
	steadyShown = 20
)

// steady shows how well the targets of a flow found their elements; nothing if none is named.
func (c *command) steady(ctx context.Context, d healDesk, flow string) error {
	if flow == "" {
		return nil
	}
	s, err := d.stability(ctx, flow, steadyRuns)
	if err != nil {
		return err
	}
	if len(s.Targets) == 0 {
		c.printf("\nNothing is known of the targets of %s in its last %s.\n", flow, plural(s.Runs, "run"))
		return nil
	}
	c.printf("\nHow its targets found their elements in the last %s:\n", plural(s.Runs, "run"))
	w := tabwriter.NewWriter(c.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NODE\tTARGET\tFOUND\tBY ITS FIRST QUERY\tHEALED\tASKED\tNOT FOUND\tMISMATCHES")
	for _, t := range s.Targets[:min(len(s.Targets), steadyShown)] {
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%d\t%d\t%d\t%d\n", steadyNode(flow, t), brief(t.Target), t.Found, percent(t.First), t.Healed, t.Asked, t.Abstained, t.Mismatches)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if more := len(s.Targets) - steadyShown; more > 0 {
		c.printf("%d more are steadier.\n", more)
	}
	return nil
}

// steadyNode names the node of a target, with its flow where the flow calls it.
func steadyNode(flow string, t element.Steady) string {
	if t.Flow == flow {
		return t.Node
	}
	return t.Flow + ": " + t.Node
}

// percent writes a part of one. What is nearly all is not shown as all.
func percent(x float64) string {
	if x > 0.999 && x < 1 {
		return "99.9 %"
	}
	return fmt.Sprintf("%.4g %%", 100*x)
}
