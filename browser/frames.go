package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// keptFrame is what the fields of a frame held that was worked in.
type keptFrame struct {
	URL    string          `json:"url"`
	Line   []string        `json:"line"`  // names and addresses of it and the frames around it
	Place  int             `json:"place"` // among the frames of the page
	Fields json.RawMessage `json:"fields,omitempty"`
}

// workedIn says that a frame is worked in, so that what its fields hold is kept. Frames that nobody has worked in hold
// nothing of the run, and pages with many are not slowed down by them.
func (p *Page) workedIn(frame string) {
	if frame != "" && frame != p.main() {
		p.worked.Store(frame, true)
	}
}

// standIn is what the fields hold of the frames that were worked in.
func (p *Page) standIn(ctx context.Context) ([]keptFrame, error) {
	var out []keptFrame
	all := p.Frames()
	for i, f := range all {
		if _, ok := p.worked.Load(f.ID); !ok {
			continue
		}
		k := keptFrame{URL: f.URL, Line: line(all, f), Place: i}
		var r struct {
			Fields json.RawMessage `json:"fields"`
		}
		err := p.Eval(ctx, f.ID, "__aether.state(true)", &r)
		if errors.Is(err, ErrNavigated) || errors.Is(err, ErrGone) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if k.Fields = r.Fields; len(k.Fields) > 2 { // more than []
			out = append(out, k)
		}
	}
	return out, nil
}

// standAgain puts back what the fields of frames held, or says what is lost.
func (p *Page) standAgain(ctx context.Context, t keptTab, lost *LostError) error {
	until := time.Now().Add(marksTime)
	for _, k := range t.Frames {
		var missing []string
		there := false
		err := poll(ctx, 50*time.Millisecond, func() (bool, error) {
			id, ok := p.sameFrame(k)
			there = ok
			if ok {
				if inShadow(k.Fields) {
					if _, err := p.Closed(ctx, id); err != nil && !errors.Is(err, ErrNavigated) && !errors.Is(err, ErrGone) {
						return false, err
					}
				}
				var r struct {
					Lost []string `json:"lost"`
				}
				err := p.Eval(ctx, id, "__aether.restore("+js(map[string]any{"fields": k.Fields})+")", &r)
				if err != nil && !errors.Is(err, ErrNavigated) && !errors.Is(err, ErrGone) {
					return false, err
				}
				if missing = r.Lost; err == nil && len(missing) == 0 {
					p.workedIn(id)
					return true, nil
				}
			}
			if time.Now().After(until) {
				return false, context.DeadlineExceeded
			}
			return false, nil
		})
		switch {
		case err == nil:
		case !there:
			lost.Why = fmt.Sprintf("the page %s does not show the frame %s again", strip(t.URL), strip(k.URL))
			return lost
		case len(missing) > 0:
			lost.Why = fmt.Sprintf("the frame %s does not hold again what was entered in %s", strip(k.URL), strings.Join(missing, ", "))
			return lost
		default:
			return err
		}
	}
	return nil
}

// keptField is what has to be known here of a field that the page's library keeps.
type keptField struct {
	Root int `json:"root"` // the shadow root that it is in, 0 for none
}

// inShadow reports whether some of the fields are in shadow roots, of which closed ones have to be looked for first.
func inShadow(fields json.RawMessage) bool {
	var all []keptField
	return json.Unmarshal(fields, &all) == nil && slices.ContainsFunc(all, func(f keptField) bool { return f.Root != 0 })
}

// line is what a frame is known by: its name and address, and those of the frames that it is in.
func line(all []Frame, f Frame) []string {
	out := []string{f.Name, strip(f.URL)}
	for range all { // as deep as there are frames
		i := slices.IndexFunc(all, func(o Frame) bool { return o.ID == f.Parent })
		if f.Parent == "" || i < 0 || all[i].Parent == "" {
			break
		}
		f = all[i]
		out = append(out, f.Name, strip(f.URL))
	}
	return out
}

// sameFrame finds a frame again; of several alike it is the one at the same place.
func (p *Page) sameFrame(k keptFrame) (string, bool) {
	all := p.Frames()
	same := func(f Frame) bool { return slices.Equal(line(all, f), k.Line) }
	if k.Place < len(all) && same(all[k.Place]) {
		return all[k.Place].ID, true
	}
	if i := slices.IndexFunc(all, same); i >= 0 && slices.IndexFunc(all[i+1:], same) < 0 {
		return all[i].ID, true
	}
	return "", false
}
