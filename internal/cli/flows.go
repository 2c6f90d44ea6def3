package cli

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/reference"
	"github.com/aether-rpa/aether/node"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func (c *command) validateCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "validate FLOW...",
		Short: "Say everything that is wrong with flows, without running them",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return badInput(errors.New("aether validate needs at least one flow file"))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			bad := false
			type result struct {
				File     string        `json:"file"`
				Valid    bool          `json:"valid"`
				Problems flow.Problems `json:"problems"`
			}
			results := []result{}
			for _, path := range args {
				b, err := orch.Load(c.abs(path), node.Default)
				r := result{File: path, Problems: flow.Problems{}}
				if err != nil {
					r.Problems = append(r.Problems, flow.Problem{Severity: flow.Error, Rule: "file", Message: err.Error()})
				} else {
					r.Problems = append(r.Problems, b.Problems...)
				}
				r.Valid = len(r.Problems.Errors()) == 0
				bad = bad || !r.Valid
				results = append(results, r)
				if !c.asJSON {
					for _, p := range r.Problems {
						c.printf("%s:%s\n", path, p)
					}
					if r.Valid {
						c.printf("%s: valid%s\n", path, count(", %d warnings", len(r.Problems)))
					}
				}
			}
			if c.asJSON {
				if err := c.printJSON(results); err != nil {
					return err
				}
			}
			if bad {
				return &exitError{code: exitInput}
			}
			return nil
		},
	}
	return c.jsonFlag(cmd)
}

func count(format string, n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(format, n)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// problems prints what is wrong with a flow that was to be run.
func (c *command) problems(path string, ps flow.Problems) error {
	if c.asJSON {
		if err := c.printLine(map[string]any{"event": "invalid", "file": path, "problems": ps}); err != nil {
			return err
		}
		return &exitError{code: exitInput}
	}
	for _, p := range ps {
		fmt.Fprintf(c.Stderr, "%s:%s\n", path, p)
	}
	return badInput(fmt.Errorf("%s has %s", path, plural(len(ps.Errors()), "error")))
}

func (c *command) fmtCmd() *cobra.Command {
	var write bool
	cmd := &cobra.Command{
		Use:   "fmt FLOW...",
		Short: "Print flows in canonical form",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return badInput(errors.New("aether fmt needs at least one flow file"))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			for _, path := range args {
				src, err := orch.ReadFlowFile(c.abs(path))
				if err != nil {
					return badInput(err)
				}
				out, err := flow.Format(src)
				if err != nil {
					var ps flow.Problems
					if errors.As(err, &ps) {
						return c.problems(path, ps)
					}
					return badInput(err)
				}
				switch {
				case !write:
					c.printf("%s", out)
				case !bytes.Equal(src, out):
					if err := replaceFile(c.abs(path), out); err != nil {
						return err
					}
					c.printf("%s\n", path)
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVarP(&write, "write", "w", false, "Write the files in place, and name those that changed.")
	return cmd
}

// replaceFile writes a file in one step.
func replaceFile(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".aether-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, werr := f.Write(content)
	if err := errors.Join(werr, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if info, err := os.Stat(path); err == nil {
		if err := os.Chmod(f.Name(), info.Mode().Perm()); err != nil {
			return fmt.Errorf("writing %s: %w", path, err)
		}
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

func (c *command) schemaCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of flow files, for editors",
		Args:  noArgs,
		RunE:  func(*cobra.Command, []string) error { return c.printJSON(reference.FlowSchema(node.Default)) },
	}
}

func (c *command) nodeCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "node", Short: "Show the node types that flows can use"}
	list := &cobra.Command{
		Use:   "list [FAMILY]",
		Short: "List node types",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return badInput(fmt.Errorf("%s takes one family at most", cmd.CommandPath()))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			family := ""
			if len(args) == 1 {
				family = args[0]
			}
			return c.listNodes(family)
		},
	}
	show := &cobra.Command{
		Use:   "show TYPE",
		Short: "Show the params, outputs and examples of a node type",
		Args:  oneArg("a node type"),
		RunE: func(_ *cobra.Command, args []string) error {
			d := node.Default.Get(args[0])
			if d == nil {
				return badInput(unknownType(args[0]))
			}
			if c.asJSON {
				return c.printJSON(nodeJSON(d))
			}
			c.printf("%s", reference.NodeText(d, c.Width()))
			return nil
		},
	}
	cmd.AddCommand(c.jsonFlag(list), c.jsonFlag(show))
	return cmd
}

func unknownType(name string) error {
	var names []string
	for _, d := range node.Default.All() {
		names = append(names, d.Type)
	}
	err := fmt.Errorf("there is no node type %s", name)
	if n := flow.Nearest(name, names); n != "" {
		return fmt.Errorf("%w (did you mean %s?)", err, n)
	}
	return fmt.Errorf("%w (`aether node list` shows all)", err)
}

func unknownFamily(name string) error {
	var names []string
	for _, f := range node.Default.Families() {
		names = append(names, f.Name)
	}
	if n := flow.Nearest(name, names); n != "" {
		return fmt.Errorf("there is no node family %s (did you mean %s?)", name, n)
	}
	return fmt.Errorf("there is no node family %s (`aether node list` shows all)", name)
}

func (c *command) listNodes(family string) error {
	var out []map[string]any
	found := false
	for _, f := range node.Default.Families() {
		if family != "" && f.Name != family {
			continue
		}
		found = true
		n := 0
		for _, d := range node.Default.All() {
			if d.Family() == f.Name {
				n++
			}
		}
		if !c.asJSON {
			c.printf("%s (%d)  %s\n", f.Name, n, f.Doc)
		}
		for _, d := range node.Default.All() {
			if d.Family() != f.Name {
				continue
			}
			if c.asJSON {
				out = append(out, nodeJSON(d))
				continue
			}
			c.printf("  %-28s %s\n", d.Type, firstSentence(d.Doc))
		}
		if !c.asJSON {
			c.printf("\n")
		}
	}
	if !found {
		return badInput(unknownFamily(family))
	}
	if c.asJSON {
		return c.printJSON(out)
	}
	return nil
}

func nodeJSON(d *node.Def) map[string]any {
	ports := []string{}
	for _, p := range d.Ports {
		ports = append(ports, p.Name)
	}
	effect := d.Effect.String()
	if d.IsControl() {
		effect = "control"
	}
	return map[string]any{"type": d.Type, "title": d.Title, "doc": d.Doc, "effect": effect, "ports": ports, "params": d.In.JSON(), "outputs": d.Out.JSON()}
}

// firstSentence returns a doc up to the end of its first sentence.
func firstSentence(doc string) string {
	if i := strings.Index(doc, ". "); i >= 0 {
		return doc[:i+1]
	}
	return doc
}
