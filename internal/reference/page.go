package reference

import (
	"fmt"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/schema"
)

// effects says what each effect means to a user.
var effects = map[node.Effect]string{
	node.Pure:       "Only computes: it is computed again after a crash.",
	node.Read:       "Looks at the world: its result is kept, and a resumed run sees the same one.",
	node.Idempotent: "Changes the world in a way that may be repeated: cut short by a crash, it is done again.",
	node.Once:       "Changes the world in a way that must not be repeated silently: cut short by a crash, a person is asked, unless `on_interrupted` says otherwise.",
}

func effect(d *node.Def) string {
	if d.IsControl() {
		return "Steers the flow."
	}
	s := effects[d.Effect]
	if d.EffectOf != nil {
		s += " With some params it does less, and is treated so."
	}
	return s
}

// FamilyPage returns the page of a family: all of its node types.
func FamilyPage(reg *node.Registry, f node.Family) (string, error) {
	var b strings.Builder
	all := members(reg, f.Name)
	fmt.Fprintf(&b, "# %s\n\n", prose(f.Title))
	if f.Doc != "" {
		b.WriteString(prose(f.Doc) + "\n\n")
	}
	b.WriteString(count(len(all), "node type") + ":\n\n")
	for _, d := range all {
		fmt.Fprintf(&b, "- [`%s`](#%s) %s\n", d.Type, anchor(d), prose(d.Title))
	}
	for _, d := range all {
		page, err := NodePage(d)
		if err != nil {
			return "", err
		}
		b.WriteString("\n" + page)
	}
	return b.String(), nil
}

// NodePage returns the section of one node type.
func NodePage(d *node.Def) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n**%s.** %s\n\n", d.Type, prose(strings.TrimSuffix(d.Title, ".")), prose(d.Doc))
	b.WriteString(effect(d) + "\n")
	if len(d.Aliases) > 0 {
		fmt.Fprintf(&b, "\nAlso known as `%s`.\n", strings.Join(d.Aliases, "`, `"))
	}
	params(&b, d.In.Fields)
	if d.IsControl() || len(d.Ports) > 2 {
		ports(&b, d)
	}
	if len(d.Out.Fields) > 0 {
		b.WriteString("\n| Output | Type | |\n|---|---|---|\n")
		for _, r := range rows(d.Out.Fields) {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", r.name, typeName(r.f), cell(r.f.Doc))
		}
	}
	if d.YAML != "" {
		b.WriteString("\n" + block(d.YAML))
	}
	for _, e := range d.Examples {
		in, out, err := exampleYAML(d, e)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "\n%s:\n\n%s", prose(strings.TrimSuffix(e.Title, ".")), block(in))
		if out != "" {
			b.WriteString("\ngives\n\n" + block(out))
		}
	}
	return b.String(), nil
}

func params(b *strings.Builder, fields []*schema.Field) {
	if len(fields) == 0 {
		return
	}
	group := ""
	table := func() { b.WriteString("\n| Param | Type | Default | |\n|---|---|---|---|\n") }
	table()
	for _, r := range rows(fields) {
		if r.f.Group != "" && r.f.Group != group && !strings.ContainsAny(r.name, ".[") {
			group = r.f.Group
			fmt.Fprintf(b, "\n%s:\n", prose(group))
			table()
		}
		def := ""
		switch text := defaultText(r.f); {
		case r.f.Required:
			def = "required"
		case text != "":
			def = code(text)
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", r.name, typeName(r.f), def, cell(describe(r.f, func(s string) string { return "`" + s + "`" })))
	}
}

func ports(b *strings.Builder, d *node.Def) {
	b.WriteString("\n| Port | |\n|---|---|\n")
	for _, p := range d.Ports {
		fmt.Fprintf(b, "| `%s` | %s |\n", p.Name, cell(p.Doc+portNote(p)))
	}
	if d.PortsOf != nil {
		b.WriteString("| … | More ports come from the params. |\n")
	}
}

func portNote(p node.Port) string {
	switch {
	case p.Scope && p.Many:
		return " Takes many wires; each chain ends by itself and control comes back to this node."
	case p.Scope:
		return " The chain ends by itself and control comes back to this node."
	}
	return ""
}
