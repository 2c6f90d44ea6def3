package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/aether-rpa/aether/internal/casare"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/node"
)

func (c *command) importCmd() *cobra.Command {
	var out string
	var force, all bool
	cmd := &cobra.Command{
		Use:   "import FILE|FOLDER",
		Short: "Turn CasareRPA workflows into flows, and say what became of each node",
		Long: "Turns a CasareRPA workflow, or all in a folder, into flows and says for every node whether it does exactly what it did, was adapted, needs attention, or has no equivalent yet.\n\n" +
			"`aether run` takes such a file as it is. Import it to edit it.",
		Args: oneArg("a workflow file or a folder of them"),
		RunE: func(_ *cobra.Command, args []string) error {
			source := c.abs(args[0])
			info, err := os.Stat(source)
			if err != nil {
				return badInput(fmt.Errorf("opening the workflow: %w", err))
			}
			target := c.importTarget(source, out, info.IsDir())
			list, err := orch.ImportCasare(source, target, node.Default)
			if err != nil {
				return badInput(err)
			}
			if !force {
				list = slices.DeleteFunc(list, func(imp orch.Import) bool { // it was imported before, and may be edited
					_, err := os.Stat(imp.Target)
					return imp.Called && imp.Target != "" && err == nil
				})
				for _, imp := range list {
					if _, err := os.Stat(imp.Target); imp.Target != "" && err == nil {
						return badInput(fmt.Errorf("%s is there already; nothing was written (use --force to replace files, or -o for another place)", c.shown(imp.Target)))
					}
				}
			}
			bad := false
			for i := range list {
				imp := &list[i]
				if imp.Error != "" {
					bad = true
					continue
				}
				text, err := imp.Flow.YAML()
				if err != nil {
					return err
				}
				if err := os.MkdirAll(filepath.Dir(imp.Target), 0o777); err != nil {
					return badInput(fmt.Errorf("making the folder for the flow: %w", err))
				}
				if err := replaceFile(imp.Target, text); err != nil {
					return badInput(err)
				}
			}
			if c.asJSON {
				err = c.printJSON(list)
			} else {
				c.printImports(list, all)
			}
			if bad && err == nil {
				return &exitError{code: exitInput}
			}
			return err
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "File or folder to write to; beside the workflows if not given.")
	cmd.Flags().BoolVar(&force, "force", false, "Replace files that are there.")
	cmd.Flags().BoolVar(&all, "all", false, "List also the nodes that do exactly what they did.")
	return c.jsonFlag(cmd)
}

// importTarget returns where flows are written: a file for a file, a folder for
// a folder.
func (c *command) importTarget(source, out string, folder bool) string {
	name := orch.FlowName(filepath.Base(source))
	switch {
	case folder && out == "":
		return source
	case folder:
		return c.abs(out)
	case out == "":
		return filepath.Join(filepath.Dir(source), name)
	}
	if info, err := os.Stat(c.abs(out)); err == nil && info.IsDir() || strings.HasSuffix(out, "/") || strings.HasSuffix(out, string(filepath.Separator)) {
		return filepath.Join(c.abs(out), name)
	}
	return c.abs(out)
}

// shown returns a path as short as it can be told.
func (c *command) shown(path string) string {
	if rel, err := filepath.Rel(c.abs("."), path); err == nil && !strings.HasPrefix(rel, "..") {
		return rel
	}
	return path
}

var statusWords = map[casare.Status]string{casare.Exact: "exact", casare.Adapted: "adapted", casare.Attention: "needs attention", casare.Missing: "no equivalent yet"}

func (c *command) printImports(list []orch.Import, all bool) {
	total, failed := map[casare.Status]int{}, ""
	if n := len(slices.DeleteFunc(slices.Clone(list), func(imp orch.Import) bool { return imp.Error == "" })); n > 0 {
		failed = fmt.Sprintf(", %d of them not imported", n)
	}
	for _, imp := range list {
		if imp.Error != "" {
			c.printf("%s: not imported\n  %s\n\n", c.shown(imp.Source), imp.Error)
			continue
		}
		c.printf("%s -> %s\n", c.shown(imp.Source), c.shown(imp.Target))
		c.printReport(imp.Report, all)
		for s := range statusWords {
			total[s] += imp.Report.Count(s)
		}
		c.printf("  %s\n\n", counts(imp.Report))
	}
	if len(list) > 1 {
		c.printf("%s%s: %d exact, %d adapted, %d need attention, %d without equivalent\n", plural(len(list), "workflow"), failed, total[casare.Exact], total[casare.Adapted], total[casare.Attention], total[casare.Missing])
	}
}

func counts(r *casare.Report) string {
	return fmt.Sprintf("%s: %d exact, %d adapted, %d need attention, %d without equivalent", plural(len(r.Nodes), "node"), r.Count(casare.Exact), r.Count(casare.Adapted), r.Count(casare.Attention), r.Count(casare.Missing))
}

// printReport prints a line for each node, and below it what is to be said.
func (c *command) printReport(r *casare.Report, all bool) {
	for _, n := range r.Notes {
		c.wrapped("  ", "note: "+n)
	}
	id, typ := 2, 4
	for _, e := range r.Nodes {
		if all || e.Status != casare.Exact {
			id, typ = max(id, utf8.RuneCountInString(e.ID)), max(typ, utf8.RuneCountInString(e.Type))
		}
	}
	id, typ = min(id, 28), min(typ, 30)
	for _, e := range r.Nodes {
		if !all && e.Status == casare.Exact {
			continue
		}
		became := e.NewTyp
		if became == "" {
			became = "-"
		}
		if c.Width() < 70 { // no room for columns
			c.printf("  %s %s: %s\n", e.ID, e.Type, statusWords[e.Status])
		} else {
			c.printf("  %-*s  %-*s  %-22s  %s\n", id, cell(e.ID, id), typ, cell(e.Type, typ), cell(became, 22), statusWords[e.Status])
		}
		for _, n := range e.Notes {
			c.wrapped("      ", n)
		}
	}
}

func cell(s string, width int) string {
	if r := []rune(s); len(r) > width {
		return string(r[:width-1]) + "…"
	}
	return s
}

// wrapped prints a text broken at the width of the terminal.
func (c *command) wrapped(indent, text string) {
	width := c.Width() - len(indent)
	if width < 30 {
		width = 30
	}
	line := ""
	for _, w := range strings.Fields(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(w) > width {
			c.printf("%s%s\n", indent, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += w
	}
	if line != "" {
		c.printf("%s%s\n", indent, line)
	}
}

// imported tells, before a run, what of an imported workflow needs attention.
func (c *command) imported(b *orch.Bundle) {
	for _, r := range b.Imports {
		if n := r.Count(casare.Attention) + r.Count(casare.Missing); n > 0 && !c.asJSON {
			fmt.Fprintf(c.Stderr, "%s: %s; `aether import` tells which\n", c.shown(r.File), counts(r))
		}
	}
}
