package recorder

import (
	"fmt"
	"strings"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/selector"
)

// comment writes behind each way to find an element how it was judged, and at the top where the flow comes from.
func (m *maker) comment(b []byte) []byte {
	var out strings.Builder
	out.WriteString("# Recorded with aether record. The ways to find an element are tried in order; the number behind each says how\n# stable it is likely to be, from 1 to 0.\n")
	var notes []note
	var judged []browser.Candidate
	inside := false
	for line := range strings.SplitSeq(strings.TrimSuffix(string(b), "\n"), "\n") {
		if id, ok := strings.CutPrefix(line, "  - id: "); ok {
			notes = m.notes[strings.Trim(id, `"`)]
		}
		depth := len(line) - len(strings.TrimLeft(line, " "))
		switch {
		case depth == 6 && strings.HasSuffix(line, ":"):
			judged, inside = nil, false
			for _, n := range notes {
				if line == "      "+n.param+":" {
					judged = n.queries
				}
			}
		case line == "        queries:" && judged != nil:
			inside = true
		case inside && strings.HasPrefix(line, "          - ") && len(judged) > 0:
			line += fmt.Sprintf(" # %.2f %s", judged[0].Score, strings.Join(strings.Fields(judged[0].Reason), " "))
			judged = judged[1:]
		case depth <= 8:
			inside = false
		}
		out.WriteString(line + "\n")
	}
	return []byte(out.String())
}

// Explain tells the steps and, for each element, the ways to find it with score and reason.
func Explain(steps []Step) string {
	var b strings.Builder
	for i, s := range Plain(steps) {
		fmt.Fprintf(&b, "%2d  %s\n", i+1, s.Title())
		for _, e := range []*Element{s.Element, s.To} {
			if e == nil {
				continue
			}
			for _, q := range e.Queries {
				fmt.Fprintf(&b, "      %.2f  %-44s %s\n", q.Score, q.String(), q.Reason)
			}
			for _, f := range e.Frame {
				fmt.Fprintf(&b, "      in the frame %s\n", f.String())
			}
		}
	}
	return b.String()
}

// YAML is what was picked, as a target ready to paste into a flow, and for the pattern of a list the params of
// web.extract.
func (p Picked) YAML() ([]byte, error) {
	var out strings.Builder
	b, err := flow.ValueYAML(p.Params())
	if err != nil {
		return nil, err
	}
	judged := p.Element.Queries
	for line := range strings.SplitSeq(strings.TrimSuffix(string(b), "\n"), "\n") {
		if strings.HasPrefix(line, "    - ") && len(judged) > 0 {
			line += fmt.Sprintf(" # %.2f %s", judged[0].Score, judged[0].Reason)
			judged = judged[1:]
		}
		out.WriteString(line + "\n")
	}
	if p.Like == nil {
		return []byte(out.String()), nil
	}
	l := p.Like
	fmt.Fprintf(&out, "\n# %d like it, one in each of %d rows:\n# %s\n#\n# All of them with web.extract:\n", l.Count, l.Rows, selector.Query{By: selector.ByCSS, Value: l.CSS})
	node, err := flow.Node{ID: "extract", Type: "web.extract", Params: p.Extract()}.YAML()
	if err != nil {
		return nil, err
	}
	out.Write(node)
	return []byte(out.String()), nil
}

// Params are the element as a param of a flow: target, with the ways to find it and what it looked like.
func (p Picked) Params() map[string]any {
	params := map[string]any{}
	(&maker{}).element(params, "target", p.Element)
	return params
}

// Param is what web.extract reads of each row for a field.
func (f Field) Param() any {
	query := text(selector.Query{By: selector.ByCSS, Value: f.CSS}.String())
	one := map[string]any{"query": query}
	if f.Read != "text" {
		one["read"] = f.Read
	}
	if f.Optional {
		one["optional"] = true
	}
	if len(one) == 1 {
		return query
	}
	return one
}

// Extract are the params of a web.extract that reads the rows of the list; nil if none is known.
func (p Picked) Extract() map[string]any {
	if p.Like == nil {
		return nil
	}
	fields := map[string]any{}
	for _, f := range p.Like.Fields {
		fields[f.Name] = f.Param()
	}
	params := map[string]any{"target": p.within(selector.Query{By: selector.ByCSS, Value: p.Like.Row})}
	if len(fields) > 0 {
		params["fields"] = fields
	}
	return params
}

// Table are the params of a web.get_table that reads the table of the rows; nil if they are not all of one.
func (p Picked) Table() map[string]any {
	if p.Like == nil || len(p.Like.Table) == 0 {
		return nil
	}
	return map[string]any{"target": p.within(p.Like.Table...)}
}

// within is a target in the frame of the element.
func (p Picked) within(queries ...selector.Query) any {
	if len(p.Element.Frame) == 0 && len(queries) == 1 {
		return text(queries[0].String())
	}
	t := selector.Target{Queries: queries, Frame: p.Element.Frame}
	return canonical(t.ToValue())
}
