package cli

import (
	"fmt"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/aether-rpa/aether/internal/element"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/robot"
	"github.com/aether-rpa/aether/internal/run"
)

// view shows a run as it goes: a live line on a terminal, plain lines in a
// pipe, or JSON lines.
type view struct {
	c     *command
	quiet bool
	live  bool
	count engine.Counters

	mu      sync.Mutex
	began   time.Time
	loops   map[string][2]int    // path -> turn, of
	active  map[string]time.Time // path -> since
	types   map[string]string
	order   []string
	retries int
	last    string
	waits   string
	end     chan struct{}
	done    chan struct{}
	drawn   bool
	paused  bool     // a question is on the screen
	held    []string // lines that wait for its end
}

func (c *command) view(f runFlags) *view {
	v := &view{c: c, quiet: f.quiet, live: c.Terminal && !c.asJSON && !f.quiet, loops: map[string][2]int{}, active: map[string]time.Time{}, types: map[string]string{}}
	c.asker = c.newAsker(v, f)
	return v
}

// note tells the user something about the command itself.
func (v *view) note(format string, args ...any) {
	if v.quiet {
		return
	}
	fmt.Fprintf(v.c.Stderr, format+"\n", args...)
}

func (v *view) start(r *run.Run) {
	v.began = v.c.Now()
	if v.c.asJSON {
		_ = v.c.printLine(map[string]any{"event": "run_started", "run": r.ID, "flow": r.Flow, "at": v.began.UTC().Format(time.RFC3339Nano)})
		return
	}
	if !v.quiet {
		v.c.printf("%s  run %s\n", r.Flow, r.ID)
	}
	if !v.live {
		return
	}
	v.end, v.done = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(v.done)
		t := time.NewTicker(100 * time.Millisecond)
		defer t.Stop()
		for {
			select {
			case <-v.end:
				return
			case <-t.C:
				v.mu.Lock()
				v.draw()
				v.mu.Unlock()
			}
		}
	}()
}

func (v *view) stop() {
	if v.end == nil {
		return
	}
	close(v.end)
	<-v.done
	v.mu.Lock()
	v.clear()
	v.mu.Unlock()
}

// observe is told of every event of the run.
func (v *view) observe(_ *run.Run, e engine.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch e.Kind {
	case engine.EventWaiting:
		v.waits = "waiting at " + e.Path
	case engine.EventAnswered:
		v.waits = ""
	case engine.EventProgress:
		if e.Text == "" {
			v.last = ""
		}
	case engine.EventStarted:
		v.waits = ""
		v.active[e.Path], v.types[e.Path] = e.At, e.Type
		v.order = append(v.order, e.Path)
	case engine.EventFinished, engine.EventFailed:
		delete(v.active, e.Path)
	case engine.EventRetrying:
		v.retries++
	case engine.EventIteration:
		v.loops[e.Path] = [2]int{e.Done, e.Sum}
	}
	switch {
	case v.quiet:
	case v.c.asJSON:
		v.json(e)
	default:
		v.print(v.line(e))
	}
}

// print writes a line above the live one.
func (v *view) print(line string) {
	switch {
	case line == "":
	case v.paused:
		v.held = append(v.held, line)
	default:
		v.clear()
		fmt.Fprintln(v.c.Stdout, line)
	}
}

// pause leaves the screen to a question.
func (v *view) pause() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.clear()
	v.paused = true
}

// resume takes the screen back.
func (v *view) resume() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.paused = false
	for _, line := range v.held {
		v.print(line)
	}
	v.held = nil
}

func (v *view) json(e engine.Event) {
	m := map[string]any{"event": e.Kind, "path": e.Path, "node": e.Node, "type": e.Type, "at": e.At.UTC().Format(time.RFC3339Nano)}
	if e.Try > 1 {
		m["try"] = e.Try
	}
	if e.Fail != nil {
		m["failure"] = e.Fail
	}
	if e.Text != "" {
		m["text"] = e.Text
	}
	if e.Replayed {
		m["replayed"] = true
	}
	if e.Kind == engine.EventFinished || e.Kind == engine.EventFailed {
		m["ms"], m["effect"] = e.Took.Milliseconds(), e.Effect.String()
	}
	if e.Kind == engine.EventIteration || e.Kind == engine.EventProgress {
		m["done"], m["total"] = e.Done, e.Sum
	}
	_ = v.c.printLine(m)
}

// line is what a person reads of an event; "" for nothing.
func (v *view) line(e engine.Event) string {
	switch e.Kind {
	case engine.EventFinished:
		if v.live || e.Replayed {
			return ""
		}
		return fmt.Sprintf("%s  ok       %s  %s  %s", clock(e.At), e.Path, e.Type, short(e.Took))
	case engine.EventFailed:
		if e.Replayed {
			return ""
		}
		return fmt.Sprintf("%s  failed   %s  %s  %s", clock(e.At), e.Path, e.Type, e.Fail.Message)
	case engine.EventRetrying:
		return fmt.Sprintf("%s  retry    %s  try %d in %s", clock(e.At), e.Path, e.Try, short(e.Took))
	case engine.EventAnswered:
		return fmt.Sprintf("%s  answered %s  %s", clock(e.At), e.Path, e.Text)
	case engine.EventWaiting:
		if v.c.asker != nil && e.Wait != nil && e.Wait.Ask != nil {
			return "" // the question itself comes to the screen
		}
		if e.Text != "" {
			return fmt.Sprintf("%s  waiting  %s  %s", clock(e.At), e.Path, e.Text)
		}
		if e.Took < 2*time.Second {
			return ""
		}
		return fmt.Sprintf("%s  waiting  %s  %s", clock(e.At), e.Path, short(e.Took))
	case robot.EventElement + element.Healed, robot.EventElement + element.Asked, robot.EventElement + element.Abstained:
		return fmt.Sprintf("%s  %-8s %s  %s", clock(e.At), strings.TrimPrefix(e.Kind, robot.EventElement), e.Path, e.Text)
	case engine.EventLog:
		return fmt.Sprintf("%s  %-7s  %s  %s", clock(e.At), fmt.Sprint(e.Out), e.Path, e.Text)
	case engine.EventProgress:
		if e.Text == "" && e.Sum == 0 {
			return ""
		}
		if v.live {
			v.last = fmt.Sprintf("%s %s", e.Path, e.Text)
			return ""
		}
		return fmt.Sprintf("%s  progress %s  %s %s", clock(e.At), e.Path, e.Text, of(e.Done, e.Sum))
	}
	return ""
}

func clock(t time.Time) string { return t.Format("15:04:05") }

func short(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

func of(n, total int) string {
	if total > 0 {
		return fmt.Sprintf("%d/%d", n, total)
	}
	return fmt.Sprint(n)
}

// draw writes the live line over the last one.
func (v *view) draw() {
	if v.paused {
		return
	}
	now := v.c.Now()
	spin := []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
	parts := []string{string(spin[int(now.UnixMilli()/100)%len(spin)]) + " " + short(now.Sub(v.began)), fmt.Sprintf("%d nodes done", v.count.Nodes.Load())}
	if v.retries > 0 {
		parts = append(parts, fmt.Sprintf("retries %d", v.retries))
	}
	loops := make([]string, 0, len(v.loops))
	for p := range v.loops {
		loops = append(loops, p)
	}
	sort.Strings(loops)
	for _, p := range loops {
		if l := v.loops[p]; l[0]+1 < l[1] || v.inside(p) {
			parts = append(parts, p+" "+of(l[0]+1, l[1]))
		}
	}
	var oldest string
	for p, since := range v.active {
		if oldest == "" || since.Before(v.active[oldest]) {
			oldest = p
		}
	}
	if oldest != "" {
		parts = append(parts, fmt.Sprintf("%s (%s) %s", oldest, v.types[oldest], short(now.Sub(v.active[oldest]))))
		if len(v.active) > 1 {
			parts = append(parts, fmt.Sprintf("+%d more", len(v.active)-1))
		}
	}
	if v.last != "" {
		parts = append(parts, v.last)
	}
	if oldest == "" && v.waits != "" {
		parts = append(parts, v.waits)
	}
	line := []rune(strings.Join(parts, "  "))
	if w := v.c.Width() - 1; len(line) > w && w > 1 {
		line = append(line[:w-1], '…')
	}
	fmt.Fprintf(v.c.Stdout, "\r%s\x1b[K", string(line))
	v.drawn = true
}

// inside reports whether something is going on in the turns of a loop.
func (v *view) inside(loop string) bool {
	for p := range v.active {
		if strings.HasPrefix(p, loop+"[") {
			return true
		}
	}
	return false
}

func (v *view) clear() {
	if v.drawn {
		fmt.Fprint(v.c.Stdout, "\r\x1b[K")
		v.drawn = false
	}
}
