package browser

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/selector"
)

// Field values that Form fills.
const (
	FormAuto   = "auto"
	FormSelect = "select"
)

// FormField is a field of a form with the value it is to hold.
type FormField struct {
	Target selector.Target `json:"target"`
	Value  string          `json:"value"`
	Values []string        `json:"values,omitempty"` // several choices of a list, instead of Value
	Kind   string          `json:"kind"`             // FormAuto or FormSelect
	Secret bool            `json:"secret,omitempty"` // no error, no record and no picture may show the value
}

// Form fills many fields as one step, from the top of the page down: each is found, filled and read back. What cannot
// be done so, as check boxes and rich text, is done as single actions behind it. All fields must be there: the first
// that is not is the failure.
func (p *Page) Form(ctx context.Context, fields []FormField) ([]Done, error) {
	done := make([]Done, len(fields))
	rest, err := p.formAtOnce(ctx, fields, done)
	if err != nil {
		return done, err
	}
	for _, i := range rest {
		if done[i], err = p.formOne(ctx, fields[i]); err != nil {
			return done, p.acted(err)
		}
	}
	return done, nil
}

// ticks says what is meant by the words for a check box.
var ticks = map[string]bool{
	"true": true, "yes": true, "on": true, "1": true, "x": true, "checked": true,
	"false": false, "no": false, "off": false, "0": false, "": false, "unchecked": false,
}

// formOne fills a field by single actions.
func (p *Page) formOne(ctx context.Context, f FormField) (Done, error) {
	raw, found, err := p.Read(ctx, f.Target, "state", "")
	if err != nil {
		return Done{}, err
	}
	var s struct {
		Checked *bool `json:"checked"`
		List    bool  `json:"list"`
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return Done{}, err
	}
	switch {
	case s.Checked != nil:
		on, ok := ticks[strings.ToLower(strings.TrimSpace(f.Value))]
		if !ok || f.Secret {
			return Done{}, &Failure{Kind: WrongKind, Action: "fill", Target: f.Target, Element: found.Element, Detail: "it is checked or not: give true or false"}
		}
		return p.Check(ctx, f.Target, on)
	case s.List || len(f.Values) > 0:
		wants := f.Values
		if len(wants) == 0 {
			wants = []string{f.Value}
		}
		c, err := p.Select(ctx, f.Target, "", wants...)
		return c.Done, err
	case f.Secret:
		return p.FillSecret(ctx, f.Target, f.Value)
	}
	return p.Fill(ctx, f.Target, f.Value)
}

type formed struct {
	sight
	Check  *held `json:"check"`
	Chosen any   `json:"chosen"`
}

// formAtOnce fills what a script can fill, and returns the places of the others.
func (p *Page) formAtOnce(ctx context.Context, fields []FormField, done []Done) (rest []int, err error) {
	ctx, end := p.begin(ctx)
	defer end()
	if len(fields) == 0 {
		return nil, nil
	}
	frame := p.main()
	plain, whole := p.plain(fields)
	var all struct {
		Order  []int    `json:"order"`
		Fields []formed `json:"fields"`
		State  *keptTab `json:"state"`
	}
	instead := map[int]*selector.Target{}
	if whole && p.formKnown(ctx, plain, fields) { // nothing is filled unless all fields are there
		p.formSecret(fields)
		err = p.Act(ctx, frame, p.along(frame, "__aether.form("+js(plain)+",true)"), &all)
	}
	if err == nil && all.Order == nil {
		if frame, err = p.formFrame(ctx, fields, instead); err != nil {
			return nil, err
		}
		for i, t := range instead {
			plain[i].Target = bare(*t)
		}
		p.formSecret(fields)
		err = p.Act(ctx, frame, "__aether.form("+js(plain)+")", &all)
	}
	if errors.Is(err, ErrNavigated) {
		return nil, &Failure{Kind: Navigation, Action: "fill", Target: fields[0].Target, Detail: "a field led to another page while the form was filled; fill it as the last one, by itself", Acted: true}
	}
	if err != nil {
		return nil, p.acted(p.ended(ctx, "fill", fields[0].Target, nil, err))
	}
	for n, i := range all.Order {
		r := all.Fields[i]
		r.instead = instead[i]
		done[i].Found = r.found(fields[i].Target)
		switch {
		case r.Check != nil && !r.Check.Same:
			rest = append(rest, i) // keys may do what a script could not
		case r.Check != nil && r.Check.Shaped && fields[i].Secret:
			done[i].Shaped = "***"
		case r.Check != nil && r.Check.Shaped:
			done[i].Shaped = r.Check.Have
		case r.Kind == "":
		case later[r.Kind]:
			rest = append(rest, i)
		default:
			return nil, &Failure{Kind: r.Kind, Action: "fill", Target: fields[i].Target, Element: r.Element, Detail: r.Detail, Acted: n > 0}
		}
	}
	p.told(all.State)
	return rest, nil
}

// plain are the fields as the script of the page takes them; whole says that they can only be in the page's own frame.
func (p *Page) plain(fields []FormField) (out []FormField, whole bool) {
	whole = len(p.Frames()) == 1 && len(p.scope) == 0
	for _, f := range fields {
		whole = whole && len(f.Target.Frame) == 0
		f.Target = bare(f.Target)
		if f.Kind == "" {
			f.Kind = FormAuto
		}
		out = append(out, f)
	}
	return out, whole
}

// formKnown says whether each field is there and, where healing knows what it looked like, the same one.
func (p *Page) formKnown(ctx context.Context, plain, fields []FormField) bool {
	looks := make([]lookFor, len(fields))
	all := make([]*wanted, len(fields))
	for i, f := range fields {
		looks[i] = lookFor{Target: f.Target, Action: "fill"}
		if all[i] = p.want(ctx, &looks[i]); all[i] != nil && all[i].instead != nil {
			return false
		}
		looks[i].Target = plain[i].Target
		looks[i].Target.Print = nil
	}
	if !slices.ContainsFunc(looks, func(l lookFor) bool { return l.Print != "" }) {
		return true
	}
	var seen []sight
	if err := p.Eval(ctx, p.main(), "__aether.witnesses("+js(looks)+")", &seen); err != nil || len(seen) != len(fields) {
		return false // it is looked at field by field
	}
	for i := range seen {
		if seen[i].Kind != "" {
			return false
		}
		seen[i].frame = p.main()
		if all[i] == nil {
			continue
		}
		if _, err := p.doubt(ctx, all[i], &looks[i], &seen[i]); err != nil || seen[i].Kind != "" {
			return false
		}
	}
	return true
}

// formFrame waits until all fields are there, and returns the frame that they share, and what finds those in place of
// their targets that healing has found.
func (p *Page) formFrame(ctx context.Context, fields []FormField, instead map[int]*selector.Target) (frame string, err error) {
	for i, f := range fields {
		s, err := p.ready(ctx, lookFor{Target: f.Target, Action: "read", purpose: "fill"})
		if err != nil {
			return "", err
		}
		if s.instead != nil {
			instead[i] = s.instead
		}
		if i > 0 && s.frame != frame {
			return "", &Failure{Kind: WrongKind, Action: "fill", Target: f.Target, Element: s.Element, Detail: "the fields of one form stand in several frames; fill them one by one"}
		}
		frame = s.frame
	}
	return frame, nil
}

// formSecret lets a picture that is being taken be taken first, if a field holds a secret: those that come after know
// of it.
func (p *Page) formSecret(fields []FormField) {
	if slices.ContainsFunc(fields, func(f FormField) bool { return f.Secret }) {
		p.pictures.Lock()
		p.pictures.Unlock() //nolint:staticcheck // it is waited for
	}
}

// later are the reasons for which a field is filled by a single action, which waits for it.
var later = map[string]bool{"use_check": true, "use_keys": true, NotFound: true, Covered: true, Disabled: true, Moving: true, Hidden: true, NoOption: true, Outside: true}
