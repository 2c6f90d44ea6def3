package cli

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"charm.land/huh/v2"

	"github.com/aether-rpa/aether/question"
	"github.com/aether-rpa/aether/value"
)

// form shows a question as a form. Esc chooses the button that closes it, and
// ctrl-C leaves it open.
func (a *asker) form(ctx context.Context, q *question.Question) (question.Answer, error) {
	restore := terminalState(a.c.Stdin)
	defer restore()
	var button string
	s := screen{asker: a, q: q, values: map[string]func() any{}}
	groups := s.groups(&button)
	bindings := huh.NewDefaultKeyMap()
	bindings.Input.AcceptSuggestion = key.NewBinding(key.WithKeys("tab"), key.WithHelp("tab", "complete"))
	bindings.Input.Next = key.NewBinding(key.WithKeys("enter"), key.WithHelp("enter", "next"))
	f := huh.NewForm(groups...).WithKeyMap(bindings).WithTheme(huh.ThemeFunc(huh.ThemeBase16)).WithShowHelp(a.c.Width() >= 60)
	f.SubmitCmd, f.CancelCmd = tea.Quit, tea.Quit
	s.form = f
	in := a.keys()
	p := tea.NewProgram(&s, tea.WithInput(in), tea.WithOutput(a.c.Stdout), tea.WithEnvironment(a.c.Environ), tea.WithoutSignalHandler())
	over := make(chan struct{})
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		select {
		case <-ctx.Done():
			p.Send(leaveKey)
		case <-over:
		}
	}()
	_, err := p.Run()
	in.end()
	close(over)
	<-gone
	switch {
	case ctx.Err() != nil:
		return question.Answer{}, context.Cause(ctx)
	case err != nil:
		return question.Answer{}, fmt.Errorf("showing the question: %w", err)
	case s.closed != "":
		return question.Answer{Button: s.closed}, nil
	case f.State != huh.StateCompleted:
		return question.Answer{}, errAway
	}
	ans := question.Answer{Button: button, Values: map[string]any{}}
	for name, get := range s.values {
		ans.Values[name] = get()
	}
	return ans, nil
}

// keys is standard input for one form. Bubble Tea leaves a reader behind when
// it ends, which would take the next keys away from whoever reads then: after
// end it gets nothing, and what came too late is there for the next form. It
// has no name on purpose: of a file with a name Bubble Tea watches the
// descriptor itself, and closes what its reader still looks at.
type keys struct {
	file  *os.File
	from  *lineReader
	ended chan struct{}
	mu    sync.Mutex // held by a Read
}

func (a *asker) keys() *keys {
	f, _ := a.c.Stdin.(*os.File) // plain has looked
	return &keys{file: f, from: &a.lines, ended: make(chan struct{})}
}

// Read implements io.Reader.
func (k *keys) Read(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.from.some(p, k.ended)
}

// Write implements io.Writer.
func (k *keys) Write(p []byte) (int, error) { return k.file.Write(p) }

// Close implements io.Closer: standard input stays open.
func (k *keys) Close() error { return nil }

// Fd says that it is a terminal.
func (k *keys) Fd() uintptr { return k.file.Fd() }

// end waits until nobody reads any more.
func (k *keys) end() {
	close(k.ended)
	k.mu.Lock()
	defer k.mu.Unlock()
}

// leaveKey is what takes a form off the screen.
var leaveKey = tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl}

// screen is a form on the screen.
type screen struct {
	asker  *asker
	q      *question.Question
	form   *huh.Form
	values map[string]func() any
	closed string // button that closed it
	// While the form is on its way from one field to the next, keys are held.
	hold  bool
	from  huh.Field // the one that it leaves
	holds int       // how often that was
	queue []tea.KeyPressMsg
}

// settle is how long a form is given to go to the next field.
const settle = 2 * time.Second

// settled ends the hold of that number.
type settled int

// Init implements tea.Model.
func (s *screen) Init() tea.Cmd { return s.form.Init() }

// Update implements tea.Model. A form goes to the next field by a message to
// itself; keys that come before it must wait, or the beginning of a password
// that is pasted with its user name is seen.
func (s *screen) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch m := msg.(type) {
	case settled:
		if int(m) == s.holds {
			return s, s.release()
		}
		return s, nil
	case tea.KeyPressMsg:
		if s.hold && m != leaveKey {
			s.queue = append(s.queue, m)
			return s, nil
		}
		return s, s.press(m)
	}
	_, cmd := s.form.Update(msg)
	if s.hold && (s.form.GetFocusedField() != s.from || s.form.State != huh.StateNormal) {
		cmd = tea.Batch(cmd, s.release())
	}
	return s, cmd
}

// release gives the form the keys that were held.
func (s *screen) release() tea.Cmd {
	s.hold = false
	var cmds []tea.Cmd
	for len(s.queue) > 0 && !s.hold {
		k := s.queue[0]
		s.queue = s.queue[1:]
		cmds = append(cmds, s.press(k))
	}
	return tea.Batch(cmds...)
}

func (s *screen) press(k tea.KeyPressMsg) tea.Cmd {
	if name := s.closing(); k.String() == "esc" && name != "" && !s.wants(k) {
		s.closed = name
		k = leaveKey
	}
	at := s.form.GetFocusedField()
	_, cmd := s.form.Update(k)
	if k.Code == tea.KeyEnter && cmd != nil && at.Error() == nil && s.form.State == huh.StateNormal {
		s.hold, s.from = true, at
		s.holds++
		n := s.holds
		cmd = tea.Batch(cmd, tea.Tick(settle, func(time.Time) tea.Msg { return settled(n) }))
	}
	return cmd
}

// View implements tea.Model.
func (s *screen) View() tea.View { return tea.NewView(s.form.View()) }

// wants reports whether the field that has the focus has a use for the key.
func (s *screen) wants(k tea.KeyPressMsg) bool {
	f := s.form.GetFocusedField()
	return f != nil && key.Matches(k, f.KeyBinds()...)
}

// closing returns the name of the button that closes the question.
func (s *screen) closing() string {
	for _, b := range s.q.Buttons {
		if b.Cancels {
			return b.Name
		}
	}
	return ""
}

// groups are the pages of the form.
func (s *screen) groups(button *string) []*huh.Group {
	pages := make([][]huh.Field, max(len(s.q.Pages), 1))
	for i := range s.q.Fields {
		f := &s.q.Fields[i]
		at := min(max(f.Page, 0), len(pages)-1)
		pages[at] = append(pages[at], s.field(f))
	}
	last := len(pages) - 1
	if b := s.buttons(button); b != nil {
		pages[last] = append(pages[last], b)
	}
	var out []*huh.Group
	for i, fields := range pages {
		if len(fields) == 0 {
			continue
		}
		g := huh.NewGroup(fields...)
		if i < len(s.q.Pages) {
			p := s.q.Pages[i]
			title := printable(p.Title)
			if len(s.q.Pages) > 1 {
				title = strings.TrimSpace(fmt.Sprintf("%d/%d %s", i+1, len(s.q.Pages), title))
			}
			g = g.Title(title).Description(printable(p.Message))
		}
		out = append(out, g)
	}
	return out
}

// buttons is the field that ends a question: none if filling in its fields
// does.
func (s *screen) buttons(button *string) huh.Field {
	all := s.q.Buttons
	open := slices.DeleteFunc(slices.Clone(all), func(b question.Button) bool { return b.Cancels })
	*button = s.first(open)
	if len(s.q.Fields) > 0 {
		if len(open) < 2 {
			return nil
		}
		all = open
	}
	switch len(all) {
	case 1, 2:
		no := ""
		if len(all) == 2 {
			no = all[1].Text()
		}
		yes := *button == all[0].Name
		return huh.NewConfirm().Affirmative(printable(all[0].Text())).Negative(printable(no)).Value(&yes).Accessor(&either{button, all})
	}
	sel := huh.NewSelect[string]().Value(button)
	var opts []huh.Option[string]
	for _, b := range all {
		opts = append(opts, huh.NewOption(printable(b.Text()), b.Name))
	}
	return sel.Options(opts...)
}

// first is the button that is chosen beforehand: of a decision without a
// default the last one, which is the one that does least.
func (s *screen) first(open []question.Button) string {
	switch {
	case s.q.Default != nil && s.q.Default.Button != "":
		return s.q.Default.Button
	case decides(s.q) && len(open) > 0:
		return open[len(open)-1].Name
	case len(open) > 0:
		return open[0].Name
	}
	return s.q.Buttons[0].Name
}

// decides reports whether a button of the question must not be chosen by
// mistake.
func decides(q *question.Question) bool {
	return q.Kind == question.Confirm || q.Kind == question.Approval || q.Kind == question.Decision
}

// either makes one of two buttons of yes and no.
type either struct {
	button *string
	of     []question.Button
}

// Get implements huh.Accessor.
func (e *either) Get() bool { return *e.button == e.of[0].Name }

// Set implements huh.Accessor.
func (e *either) Set(yes bool) {
	*e.button = e.of[0].Name
	if !yes && len(e.of) > 1 {
		*e.button = e.of[1].Name
	}
}

// field makes the control of a field.
func (s *screen) field(f *question.Field) huh.Field {
	title := printable(f.Text())
	if f.Required && f.Type != question.Bool {
		title += " *"
	}
	help := printable(f.Help)
	valid := func(v any) error {
		_, err := s.asker.check(f, v)
		return err
	}
	switch f.Type {
	case question.Bool:
		on, _ := f.Default.(bool)
		s.values[f.Name] = func() any { return on }
		return huh.NewConfirm().Title(title).Description(help).Value(&on)
	case question.Choice:
		return s.choice(f, title, help)
	case question.Choices:
		return s.choices(f, title, help)
	case question.Multiline, question.Files:
		text := startText(f)
		s.values[f.Name] = func() any { return text }
		if f.Type == question.Files {
			help = strings.TrimSpace(help + " One path a line.")
		}
		return huh.NewText().Title(title).Description(help).Lines(4).Placeholder(printable(f.Placeholder)).ExternalEditor(false).
			Value(&text).Validate(func(v string) error { return valid(v) })
	}
	text := startText(f)
	s.values[f.Name] = func() any { return text }
	in := huh.NewInput().Title(title).Description(help).Placeholder(printable(placeholder(f))).Value(&text).Validate(func(v string) error { return valid(v) })
	switch {
	case f.Type == question.Secret:
		in = in.EchoMode(huh.EchoModePassword)
	case f.Type == question.File || f.Type == question.Folder:
		in = in.SuggestionsFunc(func() []string { return s.asker.paths(f, text) }, &text)
	case len(f.Choices) > 0:
		var words []string
		for _, o := range f.Choices {
			words = append(words, o.Text())
		}
		in = in.Suggestions(words)
	}
	return in
}

// startText is what a field holds beforehand, as text.
func startText(f *question.Field) string {
	if l, ok := f.Default.([]any); ok {
		words := make([]string, len(l))
		for i, v := range l {
			words[i] = question.Show(v)
		}
		return strings.Join(words, "\n")
	}
	text := question.Show(f.Default)
	if text == "" && f.Folder != "" && (f.Type == question.File || f.Type == question.Folder) {
		text = strings.TrimSuffix(f.Folder, "/") + "/"
	}
	return text
}

func placeholder(f *question.Field) string {
	if f.Placeholder != "" {
		return f.Placeholder
	}
	return f.Form()
}

// listHeight is how many choices are in sight.
const listHeight = 10

func (s *screen) choice(f *question.Field, title, help string) huh.Field {
	at := -1
	var opts []huh.Option[int]
	if !f.Required { // first, so that a long list begins at its top
		opts = append(opts, huh.NewOption("(none)", -1))
	}
	for i, o := range f.Choices {
		opts = append(opts, huh.NewOption(oneLine(o.Text()), i))
		if f.Default != nil && value.Equal(o.Value, f.Default) {
			at = i
		}
	}
	if f.Required && at < 0 {
		at = 0
	}
	s.values[f.Name] = func() any {
		if at < 0 || at >= len(f.Choices) {
			return nil
		}
		return f.Choices[at].Value
	}
	return huh.NewSelect[int]().Title(title).Description(help).Options(opts...).Height(min(len(opts), listHeight) + 1 + lines(help)).Value(&at)
}

func (s *screen) choices(f *question.Field, title, help string) huh.Field {
	var at []int
	var opts []huh.Option[int]
	chosen, _ := f.Default.([]any)
	for i, o := range f.Choices {
		opts = append(opts, huh.NewOption(oneLine(o.Text()), i))
		if slices.ContainsFunc(chosen, func(c any) bool { return value.Equal(c, o.Value) }) {
			at = append(at, i)
		}
	}
	list := func(at []int) any {
		out := []any{}
		for _, i := range at {
			out = append(out, f.Choices[i].Value)
		}
		return out
	}
	s.values[f.Name] = func() any { return list(at) }
	return huh.NewMultiSelect[int]().Title(title).Description(help).Options(opts...).Height(min(len(opts), listHeight) + 1 + lines(help)).Value(&at).
		Validate(func(v []int) error {
			_, err := f.Accept(list(v))
			return err
		})
}

func lines(s string) int {
	if s == "" {
		return 0
	}
	return strings.Count(s, "\n") + 1
}

func oneLine(s string) string { return strings.ReplaceAll(printable(s), "\n", " ") }
