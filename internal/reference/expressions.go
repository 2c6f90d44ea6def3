package reference

import (
	"fmt"
	"strings"

	"github.com/aether-rpa/aether/expr"
	"github.com/aether-rpa/aether/internal/check"
)

// operator is an operator of the language with an example that runs as a test.
type operator struct{ symbol, doc, example, result string }

var operators = []operator{
	{"+ - * / % **", "Calculate; + also joins texts (lists: concat). / always divides exactly, ** is the power.", `7 / 2 + 2 ** 3`, `11.5`},
	{"== !=", "Compare any two values; 1 == 1.0 holds, 1 == \"1\" does not.", `[1, 2] == [1, 2]`, `true`},
	{"< <= > >=", "Compare numbers, or texts letter by letter.", `"2026-01-31" < "2026-02-01"`, `true`},
	{"and or not", "Join conditions; also written && || !. The second one is only looked at if it matters.", `not (1 > 2) and 2 > 1`, `true`},
	{"a ? b : c", "Gives b if the condition a holds, else c.", `3 > 2 ? "more" : "less"`, `"more"`},
	{"??", "Gives the second value if the first is nil.", `nil ?? "none"`, `"none"`},
	{"?.", "Reads a field of what may be nil, and gives nil then.", `{a: nil}.a?.b`, `null`},
	{"[ ]", "Picks from a list by number, from 0 or from the end if negative; a key of a map.", `[1, 2, 3][-1]`, `3`},
	{"[a:b]", "Cuts a part out of a list or text, from a up to but not including b.", `"abcdef"[1:3]`, `"bc"`},
	{"..", "Makes a list of whole numbers, both ends included.", `1..4`, `[1,2,3,4]`},
	{"in", "Tells whether a list holds a value, or a map a key.", `"b" in ["a", "b"]`, `true`},
	{"contains startsWith endsWith", "Look for text in text.", `"invoice.pdf" endsWith ".pdf"`, `true`},
	{"matches", "Tells whether a text fits a regular expression (RE2).", `"A-17" matches "^[A-Z]-[0-9]+$"`, `true`},
	{"|", "Hands a value on as the first argument of a function.", `" abc " | trim() | upper()`, `"ABC"`},
	{"let", "Names a value for what follows.", `let x = 5; x * x`, `25`},
}

var categories = []struct{ name, title, doc string }{
	{"predicate", "Going through lists", "The second argument is computed for each item: `#` is the item, `.name` a field of it, `#index` its number from 0."},
	{"text", "Text", ""},
	{"convert", "Converting", ""},
	{"math", "Numbers", ""},
	{"list", "Lists", ""},
	{"map", "Maps", ""},
	{"date", "Dates and times", ""},
	{"regex", "Regular expressions", "The syntax is that of RE2: no look-around and no back-references, and a match never takes long."},
	{"encoding", "Encoding and hashing", ""},
}

// ExpressionsPage returns the reference of the expression language.
func ExpressionsPage() string {
	var b strings.Builder
	b.WriteString(`# Expressions

Text of a param between ` + "`{{` and `}}`" + ` is an expression. If the text is nothing but one expression, the param gets its value as it is: a number, a list, a map. Otherwise its values are written into the text.

` + block("params:\n  path: '{{ inputs.folder }}/{{ loop.item.name | lower() }}.pdf'\n  rows: '{{ filter(nodes.read.rows, .amount > 100) }}'") + `
An expression computes from what is there and from nothing else: it sees no clock, no chance, no files. The same run gives the same values again after a crash; nodes such as ` + "`date.now`" + ` look at the world.

A value is nil, true or false, a number, text, a list or a map. Dates are texts in ISO 8601. A field that is not there is nil; reading on from nil is an error, ` + "`?.`" + ` reads on safely.

## Where values come from

| Name | |
|---|---|
`)
	for _, r := range check.Roots {
		fmt.Fprintf(&b, "| `%s` | %s |\n", r.Name, cell(r.Doc))
		for _, f := range r.Fields {
			fmt.Fprintf(&b, "| `%s.%s` | %s |\n", r.Name, f.Name, cell(f.Doc))
		}
	}
	b.WriteString("\nSome params of nodes give more names, such as `item`; the node's page tells them.\n\n## Operators\n\n| | | Example | Gives |\n|---|---|---|---|\n")
	for _, o := range operators {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", code(o.symbol), cell(o.doc), code(o.example), code(o.result))
	}
	all := expr.Functions()
	fmt.Fprintf(&b, "\n## Functions\n\n%s.\n", count(len(all), "function"))
	known := map[string]bool{}
	for _, c := range categories {
		known[c.name] = true
		functions(&b, c.title, c.doc, all, func(name string) bool { return name == c.name })
	}
	functions(&b, "Others", "", all, func(name string) bool { return !known[name] })
	return b.String()
}

func functions(b *strings.Builder, title, doc string, all []expr.Function, in func(string) bool) {
	begun := false
	for _, f := range all {
		if !in(f.Category) {
			continue
		}
		if !begun {
			begun = true
			fmt.Fprintf(b, "\n### %s\n\n", title)
			if doc != "" {
				b.WriteString(doc + "\n\n")
			}
			b.WriteString("| Function | | Example | Gives |\n|---|---|---|---|\n")
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", code(f.Signature), cell(f.Doc), code(f.Example), code(f.Result))
	}
}
