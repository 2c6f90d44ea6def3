// Package report makes of a run one document of HTML for people: what happened step by step, and for browser work the
// pages, pictures, consoles and requests of its trace. The document needs no network and no server. All that a run has
// seen is hostile: texts go through html/template or become text nodes, pages are shown in frames without scripts, and
// the policy of the document lets nothing load and no script run but its own.
package report

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aether-rpa/aether/artifact"
	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/internal/trace"
	"github.com/aether-rpa/aether/node"
)

// Source is what is known of a run.
type Source struct {
	Run    *run.Run
	Flow   json.RawMessage   // the flow version it executes
	Called []json.RawMessage // those that it calls
	Events []run.Event
	// Records are the records of node executions by their names.
	Records map[string]json.RawMessage
	Traces  []trace.Entry
	// Artifacts holds the parts of the traces.
	Artifacts artifact.Store
	// Made is when the document is made.
	Made time.Time
}

// maxValue bounds how much of a value is shown, in bytes.
const maxValue = 20_000

// step is a node execution as the document has it.
type step struct {
	Path    string        `json:"path"`
	Node    string        `json:"node"`
	Type    string        `json:"type,omitempty"`
	Title   string        `json:"title,omitempty"`
	Try     int           `json:"try,omitempty"`
	State   string        `json:"state"` // done, failed, waiting, running, said
	Effect  string        `json:"effect,omitempty"`
	At      int64         `json:"at"` // milliseconds since the run began
	Took    int64         `json:"took"`
	Text    string        `json:"text,omitempty"`
	Params  string        `json:"params,omitempty"`
	Output  string        `json:"output,omitempty"`
	Failure *node.Failure `json:"failure,omitempty"`
	Web     *trace.Step   `json:"web,omitempty"`
}

// Where is the node execution with its try.
func (s *step) Where() string {
	if s.Try > 1 {
		return fmt.Sprintf("%s, try %d", s.Path, s.Try)
	}
	return s.Path
}

// Length is how long the step took, for people.
func (s *step) Length() string { return length(time.Duration(s.Took) * time.Millisecond) }

func length(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

type eventData struct {
	Node    string        `json:"node"`
	Type    string        `json:"type"`
	Try     int           `json:"try"`
	Ms      int64         `json:"ms"`
	Text    string        `json:"text"`
	Effect  string        `json:"effect"`
	Failure *node.Failure `json:"failure"`
}

type execution struct {
	path string
	try  int
}

// steps are the node executions of a run in the order of their beginnings.
func (s *Source) steps(ctx context.Context) ([]*step, error) {
	began := s.Run.Created
	if !s.Run.Started.IsZero() {
		began = s.Run.Started
	}
	nodes := s.nodes()
	byKey := map[execution]*step{}
	var list []*step
	at := func(e run.Event, d eventData) *step {
		k := execution{e.Path, max(d.Try, 1)}
		x := byKey[k]
		if x == nil {
			x = &step{Path: e.Path, Node: d.Node, Type: d.Type, Try: d.Try, State: "running", At: e.At.Sub(began).Milliseconds()}
			if n, ok := nodes[d.Node+"\x00"+d.Type]; ok {
				x.Title, x.Params = n.Title, shown(n.Params)
			}
			byKey[k] = x
			list = append(list, x)
		}
		return x
	}
	for _, e := range s.Events {
		var d eventData
		_ = json.Unmarshal(e.Data, &d)
		switch e.Kind {
		case "node_started":
			x := at(e, d)
			x.At, x.State = e.At.Sub(began).Milliseconds(), "running" // done again after a crash
		case "node_finished", "node_failed":
			x := at(e, d)
			x.State, x.Took, x.Effect, x.Failure = map[string]string{"node_finished": "done", "node_failed": "failed"}[e.Kind], d.Ms, d.Effect, d.Failure
			x.At = min(x.At, e.At.Sub(began).Milliseconds()-d.Ms)
		case "waiting":
			x := at(e, d)
			x.State, x.Text = "waiting", d.Text
		case "answered":
			at(e, d).State = "done"
		case "log":
			list = append(list, &step{Path: e.Path, Node: d.Node, Type: d.Type, State: "said", Text: d.Text, At: e.At.Sub(began).Milliseconds()})
		}
	}
	for k, x := range byKey {
		x.Output = s.output(k)
	}
	for _, e := range s.Traces {
		x := byKey[execution{e.Path, max(e.Try, 1)}]
		if x == nil {
			x = &step{Path: e.Path, Node: e.Node, Try: e.Try, State: "running", At: e.At.Sub(began).Milliseconds()}
			list = append(list, x)
		}
		web, err := trace.Open(ctx, s.Artifacts, e)
		if err != nil {
			return nil, err
		}
		x.Web = web
	}
	slices.SortStableFunc(list, func(a, b *step) int { return int(a.At - b.At) })
	return list, nil
}

// nodes are those of the flow and of the flows it calls, by id and type.
func (s *Source) nodes() map[string]flow.Node {
	out := map[string]flow.Node{}
	for _, text := range append(slices.Clone(s.Called), s.Flow) {
		f, err := flow.Decode(text)
		if err != nil {
			continue
		}
		for _, n := range f.Nodes {
			out[n.ID+"\x00"+n.Type] = n
		}
	}
	return out
}

// output is what a node execution gave, as it was recorded.
func (s *Source) output(k execution) string {
	name := k.path
	if k.try > 1 {
		name = fmt.Sprintf("%s#%d", k.path, k.try)
	}
	var r struct {
		Out json.RawMessage `json:"out"`
	}
	if json.Unmarshal(s.Records[name], &r) != nil || len(r.Out) == 0 {
		return ""
	}
	var v any
	if json.Unmarshal(r.Out, &v) != nil {
		return ""
	}
	return shown(v)
}

// shown is a value as text, cut if it is long.
func shown(v any) string {
	if m, ok := v.(map[string]any); v == nil || ok && len(m) == 0 {
		return ""
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if enc.Encode(v) != nil {
		return ""
	}
	text := strings.TrimSpace(b.String())
	if len(text) > maxValue {
		text = strings.ToValidUTF8(text[:maxValue], "") + fmt.Sprintf("\n… and %d bytes more", len(text)-maxValue)
	}
	return text
}

// input is what the run was given, without the inputs that the flow says are secret.
func (s *Source) input() string {
	var v map[string]any
	if json.Unmarshal(s.Run.Input, &v) != nil {
		return ""
	}
	if f, err := flow.Decode(s.Flow); err == nil {
		for _, in := range f.Inputs {
			if _, given := v[in.Name]; given && in.Secret {
				v[in.Name] = "***"
			}
		}
	}
	return shown(v)
}

func (s *Source) result() string {
	var v any
	if json.Unmarshal(s.Run.Output, &v) != nil {
		return ""
	}
	return shown(v)
}
