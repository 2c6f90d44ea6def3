package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/heal"
	"github.com/aether-rpa/aether/internal/app"
	"github.com/aether-rpa/aether/internal/element"
	"github.com/aether-rpa/aether/internal/lookback"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/internal/trace"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/schema"
	"github.com/aether-rpa/aether/selector"
)

// checked is what a target of a flow finds on the pages of past runs.
type checked struct {
	Node   string `json:"node"`
	Param  string `json:"param"`
	Target string `json:"target"`
	// Pages is how many runs have a page of the node, Right on how many of them the target finds one element, the one
	// that is known; the others say why not.
	Pages   int      `json:"pages"`
	Right   int      `json:"right"`
	None    []string `json:"none,omitempty"`    // runs in which it finds nothing
	Several []string `json:"several,omitempty"` // in which it finds several
	Other   []string `json:"other,omitempty"`   // in which it finds another one
	// Computed says that the flow computes the target in each run, so that it cannot be looked for.
	Computed bool `json:"computed,omitempty"`

	target selector.Target
	known  *selector.Print
}

func (c *command) healCheck() *cobra.Command {
	runs := 0
	cmd := &cobra.Command{
		Use: "check FLOW", Short: "Look for every target of a flow on the pages of its past runs", Args: oneArg("a flow file, or the name of a flow that was pushed"),
		Long: "Opens the pages that past runs of the flow kept before each step, without a network and without their scripts, and looks for the step's targets: each should find one element, the one that it found when it worked. " +
			"Pages are kept of every step where the setting trace.keep, or settings.trace of the flow, is always. The exit code is 1 if a target is not right on every page.",
		Example: "  aether heal check orders.flow.yaml\n  aether heal check orders --runs 200 --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			if runs < 1 {
				return badInput(fmt.Errorf("--runs is %d: it must be 1 or more", runs))
			}
			return c.withQueue(cmd, func(s *app.System) error {
				f, err := c.flowOf(cmd.Context(), s, args[0])
				if err != nil {
					return flowError(err)
				}
				list := targetsOf(f)
				seen, err := c.checkTargets(cmd.Context(), s, f.Name, list, runs)
				if err != nil {
					return err
				}
				return c.tellChecked(f.Name, list, seen)
			})
		},
	}
	cmd.Flags().IntVar(&runs, "runs", 50, "How many runs, the newest first.")
	return c.jsonFlag(cmd)
}

// flowOf reads a flow file, or the draft of a flow that was pushed.
func (c *command) flowOf(ctx context.Context, s *app.System, name string) (*flow.Flow, error) {
	if _, err := os.Stat(c.abs(name)); err != nil {
		b, err := s.Orch.Published(ctx, name, run.Draft)
		if errors.Is(err, run.ErrNoFlow) {
			return nil, badInput(fmt.Errorf("%q is neither a flow file nor a flow that was pushed", name))
		}
		if err != nil {
			return nil, err
		}
		return b.Flow, nil
	}
	b, err := orch.Load(c.abs(name), node.Default)
	switch {
	case err != nil:
		return nil, badInput(err)
	case b.Flow == nil:
		return nil, c.problems(name, b.Problems)
	}
	return b.Flow, nil
}

// targetsOf lists the elements of pages that a flow names.
func targetsOf(f *flow.Flow) []*checked {
	list := []*checked{}
	for _, n := range f.Nodes {
		d := node.Default.Get(n.Type)
		if d == nil || n.Disabled || d.Family() != "web" {
			continue
		}
		for _, field := range d.In.Fields {
			v, given := n.Params[field.Name]
			if field.Kind != schema.Target || !given {
				continue
			}
			one := &checked{Node: n.ID, Param: field.Name}
			if one.target.FromValue(v) != nil || !one.target.Given() {
				continue
			}
			if one.Target = one.target.String(); strings.Contains(one.Target, "{{") {
				one.Computed = true
			}
			list = append(list, one)
		}
	}
	return list
}

// checkTargets looks for targets on the pages of the newest runs, and returns how many runs had a page.
func (c *command) checkTargets(ctx context.Context, s *app.System, name string, list []*checked, most int) (seen int, err error) {
	if err := knownOf(ctx, s.Elements, name, list); err != nil {
		return 0, err
	}
	var pages *lookback.Pages
	defer func() {
		if pages != nil {
			err = errors.Join(err, pages.Close())
		}
	}()
	store := c.lookback(s)
	return store.Each(ctx, name, most, func(id string, last map[string]trace.Entry) error {
		if pages == nil {
			if pages, err = store.Pages(ctx); err != nil {
				return err
			}
		}
		for _, node := range slices.Sorted(maps.Keys(last)) {
			if err := checkPage(ctx, pages, id, last[node], list); err != nil {
				return fmt.Errorf("looking at the page of %s in run %s: %w", node, id, err)
			}
		}
		return nil
	})
}

// lookback is where the pages of past runs are.
func (c *command) lookback(s *app.System) lookback.Store {
	b := s.Config.Browser
	return lookback.Store{Runs: s.Runs, Artifacts: s.Artifacts, Launch: browser.Launch{Path: chromium(b.Path), NoSandbox: b.NoSandbox || os.Geteuid() == 0, Env: c.Environ}}
}

// knownOf finds what the elements of targets look like.
func knownOf(ctx context.Context, store *element.Store, name string, list []*checked) error {
	for _, one := range list {
		k, err := store.Known(ctx, element.Place{Flow: name, Node: one.Node})
		if err != nil {
			return err
		}
		if p, ok := k.Prints[one.Target]; ok {
			one.known = &p
		} else {
			one.known = one.target.Print
		}
	}
	return nil
}

// checkPage looks for the targets of a node on the page before one of its executions.
func checkPage(ctx context.Context, pages *lookback.Pages, run string, e trace.Entry, list []*checked) error {
	var mine []*checked
	for _, one := range list {
		if one.Node == e.Node && !one.Computed {
			mine = append(mine, one)
		}
	}
	if len(mine) == 0 {
		return nil
	}
	return pages.Show(ctx, e, func(ctx context.Context, page *browser.Page) error {
		for _, one := range mine {
			if err := one.on(ctx, page, run); err != nil {
				return err
			}
		}
		return nil
	})
}

// on looks for a target on a page of a run.
func (k *checked) on(ctx context.Context, page *browser.Page, run string) error {
	n, err := page.Count(ctx, k.target, true)
	if err != nil {
		return err
	}
	k.Pages++
	switch {
	case n == 0:
		k.None = append(k.None, run)
		return nil
	case n > 1:
		k.Several = append(k.Several, run)
		return nil
	}
	print, _, err := page.Look(ctx, k.target)
	if err != nil {
		return err
	}
	if k.known == nil {
		k.known = print // the newest run is what the others are compared with
	}
	all, err := page.Prints(ctx)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all.Elements, func(e heal.Element) bool {
		return e.Path == print.Path && e.Frame == print.Frame && slices.Equal(e.Shadow, print.Shadow)
	})
	if at >= 0 && !heal.Prepare(&all.Page).Verify(heal.Wanted{Print: *k.known}, at).Agrees {
		k.Other = append(k.Other, run)
		return nil
	}
	k.Right++
	return nil
}

// tellChecked prints what was found; it fails if something is not right.
func (c *command) tellChecked(name string, list []*checked, seen int) error {
	wrong := 0
	for _, k := range list {
		if k.Right < k.Pages {
			wrong++
		}
	}
	if c.asJSON {
		if err := c.printJSON(map[string]any{"flow": name, "runs": seen, "targets": list}); err != nil {
			return err
		}
	} else {
		if seen == 0 {
			c.printf("No run of %s has kept pages. Keep them with `settings: {trace: always}` in the flow, and run it.\n", name)
		}
		for _, k := range list {
			if seen > 0 {
				c.printf("%s  %s %s: %s\n", k.Node, k.Param, k.Target, k.words())
			}
		}
	}
	if wrong > 0 {
		return &exitError{code: exitFailed}
	}
	return nil
}

// words says how a target did.
func (k *checked) words() string {
	switch {
	case k.Computed:
		return "is computed in each run, and was not looked for"
	case k.Pages == 0:
		return "no run kept a page of this step"
	}
	out := fmt.Sprintf("matches exactly one in %d of %s", k.Right, plural(k.Pages, "run"))
	for _, x := range []struct {
		what string
		runs []string
	}{{"nothing", k.None}, {"several elements", k.Several}, {"another element", k.Other}} {
		if len(x.runs) > 0 {
			out += fmt.Sprintf(", %s in %d (%s)", x.what, len(x.runs), strings.Join(x.runs[:min(3, len(x.runs))], ", "))
		}
	}
	return out
}
