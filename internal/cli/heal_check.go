package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/cdp"
	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/heal"
	"github.com/aether-rpa/aether/internal/app"
	"github.com/aether-rpa/aether/internal/element"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/internal/trace"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/schema"
	"github.com/aether-rpa/aether/selector"
)

// checkTime bounds one look at a page that was kept.
const checkTime = 10 * time.Second

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
	runs, err := s.Runs.List(ctx, run.Filter{Flow: name, Limit: most})
	if err != nil || len(runs) == 0 {
		return 0, err
	}
	var pages *oldPages
	defer func() {
		if pages != nil {
			err = errors.Join(err, pages.close())
		}
	}()
	for _, r := range runs {
		entries, err := trace.List(ctx, s.Runs, r.ID)
		if err != nil {
			return seen, err
		}
		last := map[string]trace.Entry{}
		for _, e := range entries {
			// A step that failed has the page on which it did.
			if e.Before != "" || e.Failed && e.After != "" {
				last[e.Node] = e
			}
		}
		if len(last) == 0 {
			continue
		}
		if pages == nil {
			if pages, err = c.oldPages(ctx, s); err != nil {
				return seen, err
			}
		}
		seen++
		for _, id := range slices.Sorted(maps.Keys(last)) {
			if err := pages.check(ctx, s, r.ID, last[id], list); err != nil {
				return seen, fmt.Errorf("looking at the page of %s in run %s: %w", id, r.ID, err)
			}
		}
	}
	return seen, nil
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

// oldPages shows pages that were kept.
type oldPages struct {
	dir     string
	browser browser.Browser
	context browser.Context
	tab     browser.Tab
}

// oldPages starts a browser for pages that were kept. They hold all that they show, and load nothing.
func (c *command) oldPages(ctx context.Context, s *app.System) (_ *oldPages, err error) {
	p := &oldPages{}
	if p.dir, err = os.MkdirTemp("", "aether-check-"); err != nil {
		return nil, fmt.Errorf("making a folder for a browser: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	profile := filepath.Join(p.dir, "profile")
	if err = os.Mkdir(profile, 0o700); err != nil {
		return nil, fmt.Errorf("making a folder for a browser: %w", err)
	}
	b := s.Config.Browser
	launch := browser.Launch{Path: chromium(b.Path), Profile: profile, Headless: true, NoSandbox: b.NoSandbox || os.Geteuid() == 0, Env: c.Environ, Args: []string{"--host-resolver-rules=MAP * ~NOTFOUND"}}
	if p.browser, err = (cdp.Driver{}).Launch(ctx, launch); err != nil {
		return nil, err
	}
	if p.context, err = p.browser.Open(ctx, browser.Options{}); err != nil {
		return nil, err
	}
	p.tab, err = p.context.NewTab(ctx)
	return p, err
}

func (p *oldPages) close() error {
	var errs []error
	if p.context != nil {
		errs = append(errs, p.context.Close())
	}
	if p.browser != nil {
		errs = append(errs, p.browser.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(p.dir))...)
}

// check looks for the targets of a node on the page before one of its executions.
func (p *oldPages) check(ctx context.Context, s *app.System, run string, e trace.Entry, list []*checked) error {
	var mine []*checked
	for _, one := range list {
		if one.Node == e.Node && !one.Computed {
			mine = append(mine, one)
		}
	}
	if len(mine) == 0 {
		return nil
	}
	step, err := trace.Open(ctx, s.Artifacts, e)
	if err != nil {
		return err
	}
	kept := step.Before
	if kept == nil {
		kept = step.After
	}
	if kept == nil {
		return nil
	}
	text, err := trace.Document(ctx, s.Artifacts, step, kept)
	if err != nil {
		return err
	}
	file := filepath.Join(p.dir, "page.html")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	if err := p.context.Shape(ctx, browser.Options{Width: kept.Width, Height: kept.Height}); err != nil {
		return err
	}
	page := browser.NewPage(p.tab)
	if _, err := page.Goto(ctx, "file://"+filepath.ToSlash(file), browser.Loaded); err != nil {
		return err
	}
	for _, one := range mine {
		if err := one.on(ctx, page, run); err != nil {
			return err
		}
	}
	return nil
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
