package recorder

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/flow"
)

// maker makes a flow of steps.
type maker struct {
	f     *flow.Flow
	ids   map[string]bool
	names map[string]string // inputs by what they are for
	notes map[string][]note // by node
	// What a run's browser would show.
	open    []string
	current string
	opener  map[string]string
	policy  string
}

// note says of a param of a node how its queries were judged.
type note struct {
	param   string
	queries []browser.Candidate
}

// Flow makes a flow file of steps, in canonical form. Beside each way to find an element stand its score and the reason.
func Flow(name string, steps []Step) ([]byte, error) {
	m := &maker{f: &flow.Flow{Name: name}, ids: map[string]bool{}, names: map[string]string{}, notes: map[string][]note{}, opener: map[string]string{}}
	for _, w := range flow.Reserved {
		m.ids[w] = true
	}
	steps = Plain(steps)
	worked := map[string]bool{}
	for _, s := range steps {
		worked[s.Tab] = true
	}
	for i, s := range steps {
		m.step(s, steps[i+1:], worked)
	}
	for i := 1; i < len(m.f.Nodes); i++ {
		m.f.Edges = append(m.f.Edges, flow.Edge{From: m.f.Nodes[i-1].ID, Port: "next", To: m.f.Nodes[i].ID})
	}
	b, err := m.f.YAML()
	if err != nil {
		return nil, fmt.Errorf("writing the flow: %w", err)
	}
	out, err := flow.Format(m.comment(b))
	if err != nil {
		return nil, fmt.Errorf("writing the flow: %w", err)
	}
	return out, nil
}

// Plain leaves out presses that come to nothing by themselves: that give a field the focus which is then filled, or
// that open a list or a window of the browser to choose from.
func Plain(steps []Step) []Step {
	out := make([]Step, 0, len(steps))
	for i, s := range steps {
		if s.Do == "click" && (s.list || s.chooser) && len(s.Opens) == 0 && len(s.Dialogs) == 0 {
			continue
		}
		if s.Do == "click" && s.weak && len(s.Dialogs) == 0 && len(s.Opens) == 0 && i+1 < len(steps) {
			n := steps[i+1]
			if n.key() == s.key() && slices.Contains([]string{"fill", "type", "press"}, n.Do) {
				continue
			}
		}
		out = append(out, s)
	}
	return out
}

// step adds the node of a step, with what has to be done around it.
func (m *maker) step(s Step, rest []Step, worked map[string]bool) {
	switch s.Do {
	case "open":
		m.open, m.current = []string{s.Tab}, s.Tab
	case "new_tab":
		m.open, m.current = append(m.open, s.Tab), s.Tab
	default:
		m.change(s.Tab)
	}
	m.dialogs(s)
	params := map[string]any{}
	m.element(params, "target", s.Element)
	typ := "web." + s.Do
	switch s.Do {
	case "open":
		params["url"] = text(s.URL)
		if s.Width > 0 && s.Height > 0 {
			params["width"], params["height"] = int64(s.Width), int64(s.Height)
		}
	case "goto", "new_tab":
		params["url"] = text(s.URL)
	case "click", "download":
		if len(s.Modifiers) > 0 {
			params["modifiers"] = list(s.Modifiers)
		}
		if s.Point != nil {
			params["x"], params["y"] = s.Point.X, s.Point.Y
		}
	case "fill", "type":
		param := map[string]string{"fill": "value", "type": "text"}[s.Do]
		switch {
		case s.Secret:
			params["secret"] = "{{ inputs." + m.secret(s.Element) + " }}"
		case s.Do == "fill" && s.Value == "":
			typ = "web.clear"
		default:
			params[param] = text(s.Value)
		}
	case "select":
		params["options"] = list(s.Options)
	case "check":
		if !s.Checked {
			typ = "web.uncheck"
		}
	case "press":
		params["key"] = s.Key
		if s.Times > 1 {
			params["times"] = int64(s.Times)
		}
	case "upload":
		var files []any
		for _, f := range s.Files {
			files = append(files, "{{ inputs."+m.file(f, s.Element)+" }}")
		}
		params["files"] = files
		if s.By != "" {
			params["by"] = s.By
		}
	case "drag":
		if s.To != nil {
			m.element(params, "to", s.To)
		} else {
			params["x"], params["y"] = s.X, s.Y
		}
	case "scroll":
		delete(params, "target")
		m.element(params, "area", s.Element)
		if s.Grew > 0 {
			params["to"], params["limit"] = "end", int64(s.Grew)
		} else {
			params["x"], params["y"] = s.X, s.Y
		}
	case "assert":
		switch s.Assert {
		case "text":
			params["text"] = text(s.Value)
		case "value":
			params["value"] = text(s.Value)
		case "checked":
			params["checked"] = s.Checked
		default:
			params["shown"] = true
		}
	}
	opened := m.opened(s, rest, worked)
	if opened != "" && s.Do == "click" {
		params["new_tab"] = true
	}
	id := m.add(typ, s.Title(), params)
	for _, n := range []struct {
		param string
		e     *Element
	}{{"target", s.Element}, {"to", s.To}, {"area", s.Element}} {
		if _, ok := params[n.param].(map[string]any); ok && n.e != nil {
			m.notes[id] = append(m.notes[id], note{n.param, n.e.Queries})
		}
	}
	if opened != "" {
		if s.Do != "click" {
			m.add("web.wait_new_tab", "Go on in the new tab", map[string]any{})
		}
		m.current = opened
	}
}

// opened is the tab that a step opens, if something is then done in a tab that it opens; they are open from now on.
func (m *maker) opened(s Step, rest []Step, worked map[string]bool) string {
	first := ""
	for _, t := range s.Opens {
		m.opener[t] = s.Tab
		if !worked[t] {
			continue
		}
		m.open = append(m.open, t)
		if first == "" && slices.ContainsFunc(rest, func(n Step) bool { return n.Tab == t }) {
			first = t
		}
	}
	return first
}

// change makes a tab the current one.
func (m *maker) change(tab string) {
	if m.current == tab || m.current == "" {
		return
	}
	i := slices.Index(m.open, tab)
	if i < 0 {
		m.open = append(m.open, tab)
		i = len(m.open) - 1
	}
	params := map[string]any{"index": int64(i + 1)}
	if i == len(m.open)-1 {
		params["index"] = int64(-1)
	}
	m.add("web.switch_tab", "Switch tab", params)
	m.current = tab
}

// dialogs says before a step how the questions that it brings up are answered; alerts are accepted anyway, and other
// questions dismissed.
func (m *maker) dialogs(s Step) {
	answer, words := "default", ""
	for _, d := range s.Dialogs {
		switch {
		case d.Answer == "accepted" && (d.Kind == "confirm" || d.Kind == "prompt"):
			answer, words = "accept", d.Text
		case d.Answer == "dismissed" && d.Kind == "beforeunload":
			answer = "dismiss"
		}
	}
	if answer+words == m.policy || m.policy == "" && answer == "default" {
		return
	}
	m.policy = answer + words
	params := map[string]any{"answer": answer}
	title := map[string]string{"default": "Agree to no questions", "accept": "Agree to the question", "dismiss": "Stay on the page"}[answer]
	if answer == "default" {
		m.policy = ""
	}
	if words != "" {
		params["text"] = text(words)
	}
	m.add("web.dialogs", title, params)
}

// add adds a node under an id of its own.
func (m *maker) add(typ, title string, params map[string]any) string {
	id := m.id(title)
	m.f.Nodes = append(m.f.Nodes, flow.Node{ID: id, Type: typ, Title: title, Params: params})
	return id
}

// element puts an element among the params, if there is one.
func (m *maker) element(params map[string]any, param string, e *Element) {
	if e == nil || len(e.Queries) == 0 {
		return
	}
	t := e.Target()
	v := t.ToValue()
	if mv, ok := v.(map[string]any); ok {
		if _, isText := mv["queries"].(string); isText {
			mv["queries"] = []any{mv["queries"]}
		}
		v = canonical(mv)
	}
	params[param] = v
}

// canonical makes the numbers of a value those of flows, and texts ones that hold no expression.
func canonical(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			v[k] = canonical(e)
		}
	case []any:
		for i, e := range v {
			v[i] = canonical(e)
		}
	case string:
		return text(v)
	case float64:
		if v == float64(int64(v)) {
			return int64(v)
		}
	}
	return v
}

// text is a text as a flow holds it: what looks like the beginning of an expression is written as one.
func text(s string) string {
	if !strings.Contains(s, "{{") {
		return s
	}
	b, err := json.Marshal(s)
	if err != nil {
		return s
	}
	return "{{ " + string(b) + " }}"
}

func list(all []string) []any {
	out := make([]any, len(all))
	for i, s := range all {
		out[i] = text(s)
	}
	return out
}

// secret is the input for the secret of a field.
func (m *maker) secret(e *Element) string {
	return m.input("secret "+called(e), word(called(e), "password"), flow.Input{Type: "string", Required: true, Secret: true, Doc: "Name of the secret for " + called(e) + "."})
}

// file is the input for a file that was uploaded.
func (m *maker) file(path string, e *Element) string {
	base := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	return m.input("file "+path, word(base, "file"), flow.Input{Type: "string", Default: path, Doc: "File to upload to " + called(e) + "."})
}

func (m *maker) input(purpose, name string, in flow.Input) string {
	if known := m.names[purpose]; known != "" {
		return known
	}
	taken := slices.Collect(maps.Values(m.names))
	in.Name = free(name, func(s string) bool { return slices.Contains(taken, s) })
	m.names[purpose] = in.Name
	m.f.Inputs = append(m.f.Inputs, in)
	return in.Name
}

// id is an id for a node with a title.
func (m *maker) id(title string) string {
	id := free(word(title, "step"), func(s string) bool { return m.ids[s] })
	m.ids[id] = true
	return id
}
