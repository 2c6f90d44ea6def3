package casare

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/aether-rpa/aether/flow"
)

// callRow makes a call of another workflow.
func callRow(c *converter, s *step, m *mapping) {
	ref, here := c.called(s)
	if ref == "" {
		c.broken[s.id] = "the workflow it calls is not named, or not found beside this file"
		return
	}
	called := c.callee(here)
	if called != nil && errors.Is(called.err, fs.ErrNotExist) {
		c.broken[s.id] = "the workflow it calls, " + here + ", is not there"
		return
	}
	m.in = params{"flow": raw{ref}}
	in := params{}
	for port := range c.dataIn[s.id] {
		if ident.MatchString(port) {
			in[port] = "$" + port
		}
	}
	known := map[string]bool{"subflow_id": true, "subflow_path": true, "subworkflow_id": true, "subworkflow_path": true, "workflow_path": true, "execution_mode": true, "timeout_seconds": true, "wait_for_result": true, "wait_for_completion": true, "poll_interval": true, "label": true, "name": true}
	for k, v := range s.config {
		if v != nil && !known[k] && ident.MatchString(k) && !strings.HasPrefix(k, "_") {
			in[k] = "$" + k
		}
	}
	if called != nil && called.err == nil {
		for k := range in {
			if !called.inputs[k] {
				delete(in, k)
				c.report.attention(s, "it gives "+here+" a value for "+k+", which that one does not take", "the value was left out")
			}
		}
		for k := range called.inputs { // it sees the variables of its caller
			if _, given := in[k]; !given && (c.set[k] || c.declared[k] != nil) {
				in[k] = c.varRef(k)
			}
		}
	}
	if len(in) > 0 {
		m.in["inputs"] = in
	}
	for _, w := range c.w.wires { // outputs are named like those of the flow
		if w.from == s.id && !w.exec && m.out[w.port] == "" {
			m.out[w.port] = "$." + safeName(w.port)
		}
	}
	if textOf(s, "execution_mode", "") == "async" || c.arg(s, m, "wait_for_completion").plain() == false || c.arg(s, m, "wait_for_result").plain() == false {
		m.note = "it waits for the workflow it calls, which runs as a part of this run"
	}
}

// called returns the file of a workflow that a node names, as the flow names it
// and as this file does.
func (c *converter) called(s *step) (ref, here string) {
	for _, k := range []string{"subflow_path", "subworkflow_path", "workflow_path"} {
		if p, ok := s.config[k].(string); ok && strings.TrimSpace(p) != "" {
			p = path.Clean(strings.ReplaceAll(strings.TrimSpace(p), `\`, "/"))
			if c.o.Rename != nil {
				return c.o.Rename(p), p
			}
			return p, p
		}
	}
	for _, k := range []string{"subflow_id", "subworkflow_id"} {
		if id, ok := s.config[k].(string); ok && id != "" && c.o.Find != nil {
			if p := c.o.Find(id); p != "" {
				return p, ""
			}
		}
	}
	return "", ""
}

// callee is what a called workflow takes and gives.
type callee struct {
	inputs, outputs map[string]bool
	err             error // it cannot be read
}

// callee looks into the workflow that a node calls; nil if nothing is known of
// it.
func (c *converter) callee(here string) *callee {
	if c.o.Open == nil || here == "" {
		return nil
	}
	if k, ok := c.w.callees[here]; ok {
		return k
	}
	k := &callee{inputs: map[string]bool{}, outputs: map[string]bool{}}
	if c.w.callees == nil {
		c.w.callees = map[string]*callee{}
	}
	c.w.callees[here] = k
	src, err := c.o.Open(here)
	if err != nil {
		k.err = err
		return k
	}
	var f *flow.Flow
	if Is(src) {
		f, _, err = Convert(src, Options{Nodes: c.o.Nodes})
	} else {
		f, err = flow.Decode(src)
	}
	if err != nil {
		c.w.callees[here] = nil // the checks of the flow say it better
		return nil
	}
	for _, in := range f.Inputs {
		k.inputs[in.Name] = true
	}
	for _, out := range f.Outputs {
		k.outputs[out.Name] = true
	}
	return k
}
