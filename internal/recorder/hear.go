package recorder

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aether-rpa/aether/browser"
)

// message is what the script in a page tells; see record.js.
type message struct {
	T       string   `json:"t"`
	El      *Element `json:"el"`
	To      *Element `json:"to"`
	Awaits  *Element `json:"awaits"`
	Mods    []string `json:"mods"`
	Weak    bool     `json:"weak"`
	List    bool     `json:"list"`
	At      bool     `json:"at"`
	X       float64  `json:"x"`
	Y       float64  `json:"y"`
	Value   any      `json:"value"`
	Values  []string `json:"values"`
	Secret  bool     `json:"secret"`
	Rich    bool     `json:"rich"`
	Checked bool     `json:"checked"`
	Key     string   `json:"key"`
	By      string   `json:"by"`
	Grew    int      `json:"grew"`
	Files   []struct {
		Name   string `json:"name"`
		Handle int    `json:"handle"`
	} `json:"files"`
	Press  string `json:"press"`
	Mode   string `json:"mode"`
	Text   string `json:"text"`
	Title  string `json:"title"`
	URL    string `json:"url"`
	Top    bool   `json:"top"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Like   *Like  `json:"like"`
}

// heard works off what a page tells.
func (r *Recorder) heard(ctx context.Context, e event) {
	var m message
	if err := json.Unmarshal([]byte(e.text), &m); err != nil {
		return
	}
	s := r.tab(e.tab)
	switch m.T {
	case "begin":
		return
	case "hello":
		r.hello(ctx, s, e.frame, m)
		return
	case "closed":
		if _, err := s.tab.Closed(ctx, e.frame); err != nil && ctx.Err() != nil {
			r.complain("a page did not answer when its closed shadow roots were asked for")
		}
		return
	case "trouble":
		r.complain("an element could not be named: %s", m.Text)
		return
	case "bar":
		r.pressed(m.Press)
		return
	}
	s.acted = e.at
	m.El, m.To, m.Awaits = r.element(ctx, s, e.frame, m.El), r.element(ctx, s, e.frame, m.To), r.element(ctx, s, e.frame, m.Awaits)
	if m.T == "chosen" {
		r.chosen(s, m)
		return
	}
	r.mu.Lock()
	paused := r.paused || r.pick != nil
	r.mu.Unlock()
	if paused {
		return
	}
	if step := r.step(ctx, s, e, m); step != nil {
		step.Tab, step.At, step.Page, step.Width, step.Height = s.tab.ID(), e.at, s.title, s.width, s.height
		r.add(step)
	}
}

// element completes what a page tells of an element: the way through frames to it, and what was told of it before.
func (r *Recorder) element(ctx context.Context, s *tabState, frame string, e *Element) *Element {
	if e == nil {
		return nil
	}
	if len(e.Queries) == 0 {
		if known := r.elements[e.Key]; known != nil {
			return known
		}
	}
	e.Frame = s.path(ctx, frame)
	if e.Print != nil && frame != s.tab.ID() {
		e.Print.Frame = frameAddress(s.tab, frame)
	}
	if len(r.elements) > 2000 { // of a long recording
		r.elements = map[string]*Element{}
	}
	r.elements[e.Key] = e
	return e
}

func frameAddress(t browser.Tab, id string) string {
	for _, f := range t.Frames() {
		if f.ID == id {
			url, _, _ := strings.Cut(f.URL, "?")
			url, _, _ = strings.Cut(url, "#")
			return url
		}
	}
	return ""
}

// step makes a step of what a page tells, nil if it is none.
func (r *Recorder) step(ctx context.Context, s *tabState, e event, m message) *Step {
	if m.T == "chooser" {
		r.mu.Lock()
		defer r.mu.Unlock()
		if n := len(r.steps); n > 0 && r.steps[n-1].Do == "click" && r.steps[n-1].Tab == s.tab.ID() {
			r.steps[n-1].chooser = true
		}
		return nil
	}
	if m.T == "scroll" {
		return &Step{Do: "scroll", Element: m.El, X: m.X, Y: m.Y, Grew: m.Grew}
	}
	if m.T == "press" {
		if m.Awaits != nil {
			r.await(s, e, m)
		}
		return &Step{Do: "press", Element: m.El, Key: m.Key, Times: 1}
	}
	if m.T == "hover" && (m.El == nil || len(m.El.Queries) == 0) {
		r.complain("what the mouse was moved over, so that something opened, has no name that finds it alone; add a web.hover before the press")
		return nil
	}
	if m.El == nil || len(m.El.Queries) == 0 {
		r.complain("what was done to an element without a name that finds it alone is missing (%s)", m.T)
		return nil
	}
	switch m.T {
	case "click":
		step := &Step{Do: "click", Element: m.El, Modifiers: m.Mods, weak: m.Weak, list: m.List}
		if m.At {
			step.Point = &browser.Point{X: m.X, Y: m.Y}
		}
		return step
	case "hover":
		return &Step{Do: "hover", Element: m.El}
	case "dblclick":
		return r.double(s, e, m)
	case "right":
		return &Step{Do: "right_click", Element: m.El}
	case "check":
		return &Step{Do: "check", Element: m.El, Checked: m.Checked}
	case "select":
		return &Step{Do: "select", Element: m.El, Options: m.Values}
	case "fill":
		return r.fill(m)
	case "drag":
		return &Step{Do: "drag", Element: m.El, To: m.To, X: m.X, Y: m.Y}
	case "upload":
		step := &Step{Do: "upload", Element: m.El, By: m.By}
		for _, f := range m.Files {
			path, err := s.tab.FilePath(ctx, e.frame, f.Handle)
			if err != nil || path == "" {
				path = f.Name
				r.complain("where the file %s lies could not be seen; give its path to the flow", f.Name)
			}
			if r.cfg.Uploads != "" && strings.HasPrefix(path, r.cfg.Uploads+string(filepath.Separator)) {
				path = filepath.Base(path)
				r.complain("the file %s was brought from elsewhere and is kept nowhere; give the flow the path of one", path)
			}
			step.Files = append(step.Files, path)
		}
		return step
	}
	return nil
}

// fill makes a step of what a field holds now. Text that is edited in the page is typed on where it was left, so that
// its layout stays.
func (r *Recorder) fill(m message) *Step {
	text, _ := m.Value.(string)
	step := &Step{Do: "fill", Element: m.El, Value: text, Secret: m.Secret, rich: m.Rich}
	if m.Secret {
		step.Value = ""
	}
	if !m.Rich {
		return step
	}
	last := r.last()
	for _, old := range slices.Backward(r.steps) {
		if old.key() != m.El.Key || old.Do != "fill" && old.Do != "type" {
			continue
		}
		base := old.base + old.Value
		if old == last { // it goes on
			base = old.base
		}
		if more, ok := strings.CutPrefix(text, base); ok && base != "" {
			step.Do, step.Value, step.base = "type", more, base
		}
		break
	}
	return step
}

// double makes a double click of the two presses before it.
func (r *Recorder) double(s *tabState, e event, m message) *Step {
	step := &Step{Do: "double_click", Element: m.El}
	r.mu.Lock()
	defer r.mu.Unlock()
	for range 2 {
		n := len(r.steps)
		if n == 0 {
			break
		}
		last := r.steps[n-1]
		if last.Do != "click" || last.Tab != s.tab.ID() || last.key() != step.key() && e.at.Sub(last.At) > time.Second {
			break
		}
		if last.weak { // it marks a word in a field
			return nil
		}
		step.Element = last.Element
		r.steps = r.steps[:n-1]
	}
	return step
}

// await waits for what has come to be seen before a key was pressed, as a list of proposals.
func (r *Recorder) await(s *tabState, e event, m message) {
	last := r.last()
	if len(m.Awaits.Queries) == 0 || last == nil || last.Do == "press" || last.Do == "wait" {
		return
	}
	r.add(&Step{Do: "wait", Element: m.Awaits, Tab: s.tab.ID(), At: e.at})
}

func (r *Recorder) last() *Step {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.steps); n > 0 {
		return r.steps[n-1]
	}
	return nil
}

// add adds a step, or puts it together with the one before.
func (r *Recorder) add(s *Step) {
	r.mu.Lock()
	var last *Step
	if n := len(r.steps); n > 0 && r.steps[n-1].Tab == s.Tab {
		last = r.steps[n-1]
	}
	drop := func() { r.steps = r.steps[:len(r.steps)-1] }
	if last != nil && last.Do == "click" && (last.weak || last.list) && last.key() == s.key() && s.key() != "" && len(last.Dialogs) == 0 {
		switch s.Do {
		case "fill", "type", "select", "press", "upload", "click":
			drop()
		}
	}
	if last != nil && last.chooser && s.Do == "upload" {
		drop()
	}
	switch {
	case last == nil:
	case last.key() != s.key() || last.Do == "fill" && s.Do == "type" && s.base != last.base: // of different things
	case s.Do == last.Do && (s.Do == "fill" || s.Do == "select" || s.Do == "type" && s.base == last.base) && s.key() != "":
		s.At = last.At
		drop()
	case s.Do == "press" && last.Do == "press" && s.Key == last.Key && strings.HasPrefix(s.Key, "Arrow") && len(last.Opens) == 0:
		s.Times += last.Times
		drop()
	case s.Do == "scroll" && last.Do == "scroll":
		s.X, s.Y, s.Grew = s.X+last.X, s.Y+last.Y, s.Grew+last.Grew
		drop()
	}
	r.next++
	s.ID = r.next
	r.steps = append(r.steps, s)
	close(r.changed)
	r.changed = make(chan struct{})
	r.mu.Unlock()
	r.tell()
}

// pressed does what a button of the bar says.
func (r *Recorder) pressed(what string) {
	r.mu.Lock()
	switch what {
	case "pause":
		r.paused = !r.paused
	case "visible", "text", "value":
		r.mode = what
	case "cancel":
		r.mode = ""
		if r.pick != nil && r.pick.like {
			r.pick.like = false
		} else if r.pick != nil && !r.cfg.Bare {
			r.pick.canceled = r.pick.first == nil
			defer r.finish()
		}
	case "again":
		*r.pick = picking{}
		r.mode = "pick"
	case "like":
		r.pick.like, r.mode = true, "pick"
	case "finish":
		defer r.finish()
	}
	r.mu.Unlock()
	r.tell()
}

// chosen makes an assertion of what was clicked for one, or takes it as what was picked.
func (r *Recorder) chosen(s *tabState, m message) {
	r.mu.Lock()
	mode := r.mode
	r.mode = ""
	r.mu.Unlock()
	if r.pick != nil {
		r.mu.Lock()
		r.pick.take(m)
		close(r.changed)
		r.changed = make(chan struct{})
		r.mu.Unlock()
		r.tell()
		return
	}
	defer r.tell()
	if m.El == nil || len(m.El.Queries) == 0 || mode == "" {
		return
	}
	step := &Step{Do: "assert", Element: m.El, Assert: mode, Tab: s.tab.ID(), At: r.cfg.Now(), Page: s.title}
	switch checked, isBool := m.Value.(bool); {
	case mode == "visible":
	case m.El.Secret:
		r.complain("%s holds a secret, whose value is not asserted", called(m.El))
		return
	case mode == "value" && isBool:
		step.Assert, step.Checked = "checked", checked
	case mode == "value" && m.Value != nil:
		step.Value = fmt.Sprint(m.Value)
	case m.Text != "":
		step.Assert, step.Value = "text", m.Text
	default:
		step.Assert = "visible"
	}
	r.add(step)
}
