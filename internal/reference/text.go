package reference

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/schema"
)

// NodeText returns the help of one node type for a terminal of that width.
func NodeText(d *node.Def, width int) string {
	width = max(width, 40)
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s\n\n", d.Type, d.Title)
	wrap(&b, d.Doc, "  ", width)
	b.WriteByte('\n')
	wrap(&b, strings.ReplaceAll(effect(d), "`", ""), "  ", width)
	if len(d.Aliases) > 0 {
		wrap(&b, "Also known as "+strings.Join(d.Aliases, ", ")+".", "  ", width)
	}
	fieldText(&b, "Params", d.In.Fields, width, func(f *schema.Field) string {
		s := typeName(f)
		switch def := defaultText(f); {
		case f.Required:
			s += ", required"
		case def != "":
			s += ", " + def + " by default"
		}
		return s
	}, func(f *schema.Field) string { return describe(f, func(s string) string { return s }) })
	if d.IsControl() {
		b.WriteString("\nPorts\n")
		for _, p := range d.Ports {
			fmt.Fprintf(&b, "  %s\n", p.Name)
			wrap(&b, p.Doc+portNote(p), "      ", width)
		}
		if d.PortsOf != nil {
			wrap(&b, "More ports come from the params.", "  ", width)
		}
	}
	fieldText(&b, "Outputs", d.Out.Fields, width, typeName, func(f *schema.Field) string { return f.Doc })
	if d.YAML != "" {
		b.WriteString("\nExample\n" + indent(d.YAML))
	}
	for _, e := range d.Examples {
		in, out, err := exampleYAML(d, e)
		if err != nil {
			continue // told when the pages are made
		}
		fmt.Fprintf(&b, "\nExample: %s\n%s", e.Title, indent(in))
		if out != "" {
			b.WriteString("  gives\n" + indent(out))
		}
	}
	return b.String()
}

func fieldText(b *strings.Builder, title string, fields []*schema.Field, width int, kind, doc func(*schema.Field) string) {
	if len(fields) == 0 {
		return
	}
	b.WriteString("\n" + title + "\n")
	for _, r := range rows(fields) {
		fmt.Fprintf(b, "  %s (%s)\n", r.name, kind(r.f))
		wrap(b, doc(r.f), "      ", width)
	}
}

// wrap breaks text into lines of a width.
func wrap(b *strings.Builder, text, prefix string, width int) {
	used := 0
	for _, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case used == 0:
			b.WriteString(prefix)
			used = len(prefix)
		case used+1+n > width:
			b.WriteString("\n" + prefix)
			used = len(prefix)
		default:
			b.WriteByte(' ')
			used++
		}
		b.WriteString(word)
		used += n
	}
	if used > 0 {
		b.WriteByte('\n')
	}
}

func indent(text string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.TrimRight(text, "\n") + "\n") {
		b.WriteString("    " + line)
	}
	return b.String()
}
