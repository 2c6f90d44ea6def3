package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"github.com/aether-rpa/aether/heal"
	"github.com/aether-rpa/aether/selector"
)

// maxPrint is how large a print may be as JSON.
const maxPrint = 2048

// Prints are all elements of a page as it was at one moment, those of its frames behind those of the page itself.
type Prints struct {
	heal.Page
	// Loaded says that the page itself and all that it shows had been loaded.
	Loaded bool
	// Cut says that the page has too many elements, and some are missing.
	Cut bool

	frames []extent
}

// extent are the elements of one frame: from the place first on.
type extent struct {
	first int
	frame string
}

// extracted is what page in print.js gives.
type extracted struct {
	URL      string         `json:"url"`
	Width    int            `json:"width"`
	Height   int            `json:"height"`
	State    string         `json:"state"`
	Cut      bool           `json:"cut"`
	Elements []extractedOne `json:"elements"`
}

type extractedOne struct {
	selector.Print
	Parent int  `json:"parent"`
	Ref    int  `json:"ref"`
	Shown  bool `json:"shown"`
}

// Prints looks at all elements of the page and its frames, open and closed shadow roots among them. It waits for
// nothing.
func (p *Page) Prints(ctx context.Context) (*Prints, error) {
	ctx, end := p.begin(ctx)
	defer end()
	all, err := p.prints(ctx, nil, true)
	if err != nil {
		return nil, p.ended(ctx, "read", selector.Target{}, nil, err)
	}
	return all, nil
}

// prints looks at the frames where a target is searched: those of its way, or all. closed looks for closed shadow roots
// first, which takes as long as the rest.
func (p *Page) prints(ctx context.Context, way []selector.Query, closed bool) (*Prints, error) {
	all := &Prints{Loaded: true}
	main := p.main()
	err := p.onFrames(ctx, way, func(frame string) error {
		if closed {
			_, _ = p.Closed(ctx, frame)
		}
		var text string
		if err := p.Eval(ctx, frame, "__aether.prints()", &text); err != nil {
			return err
		}
		var x extracted
		if err := json.Unmarshal([]byte(text), &x); err != nil {
			return fmt.Errorf("reading the elements of a frame: %w", err)
		}
		if frame == main || len(all.frames) == 0 {
			all.URL, all.Width, all.Height = withoutQuery(x.URL), x.Width, x.Height
		}
		all.Loaded = all.Loaded && x.State == "complete"
		all.Cut = all.Cut || x.Cut
		first := len(all.Elements)
		all.frames = append(all.frames, extent{first, frame})
		for _, e := range x.Elements {
			if frame != main {
				e.Frame = withoutQuery(x.URL)
			}
			fit(&e.Print)
			if e.Parent >= 0 {
				e.Parent += first
			}
			all.Elements = append(all.Elements, heal.Element{Print: e.Print, Parent: e.Parent, Ref: e.Ref, Shown: e.Shown})
		}
		return nil
	})
	return all, err
}

// frame is the frame of an element of the page.
func (a *Prints) frame(element int) string {
	id := ""
	for _, x := range a.frames {
		if x.first <= element {
			id = x.frame
		}
	}
	return id
}

// Handle returns the frame and the handle of one of the elements that Prints has given, as long as it is on the page.
func (p *Page) Handle(ctx context.Context, all *Prints, element int) (frame string, handle int, err error) {
	frame = all.frame(element)
	err = p.Eval(ctx, frame, fmt.Sprintf("__aether.ref(%d)", all.Elements[element].Ref), &handle)
	if err == nil && handle == 0 {
		err = errors.New("the element was taken away")
	}
	return frame, handle, err
}

// PrintOf is what the element of a handle looks like.
func (p *Page) PrintOf(ctx context.Context, frame string, handle int) (*selector.Print, error) {
	var got *selector.Print
	if err := p.Eval(ctx, frame, fmt.Sprintf("__aether.print(%d)", handle), &got); err != nil {
		return nil, err
	}
	if got == nil {
		return nil, errors.New("the element was taken away")
	}
	p.finish(frame, got)
	return got, nil
}

// Look returns what the element of a target looks like, as soon as it is there.
func (p *Page) Look(ctx context.Context, t selector.Target) (*selector.Print, Found, error) {
	ctx, end := p.begin(ctx)
	defer end()
	s, err := p.ready(ctx, lookFor{Target: t, Action: "read"})
	if err != nil {
		return nil, Found{}, err
	}
	got, err := p.PrintOf(ctx, s.frame, s.Handle)
	if err != nil {
		return nil, Found{}, p.ended(ctx, "read", t, nil, err)
	}
	return got, s.found(t), nil
}

// finish completes a print by what its frame's script does not know.
func (p *Page) finish(frame string, got *selector.Print) {
	if frame != p.main() {
		for _, f := range p.Frames() {
			if f.ID == frame {
				got.Frame = withoutQuery(f.URL)
			}
		}
	}
	fit(got)
}

func withoutQuery(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	u.RawQuery, u.Fragment, u.User = "", "", nil
	return clip(u.String(), 160)
}

// clip cuts a text to so many bytes, between characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xc0 == 0x80 {
		n--
	}
	return s[:n]
}

// fit makes a print as small as it has to be: what tells least is cut first.
func fit(p *selector.Print) {
	for n := 160; n >= 20; n /= 2 {
		if rough(p) < maxPrint*3/4 {
			return
		}
		if b, err := json.Marshal(p); err == nil && len(b) <= maxPrint {
			return
		}
		for _, s := range []*string{&p.Near, &p.Src, &p.Href, &p.Text, &p.Own, &p.Row, &p.Column, &p.Form, &p.Title, &p.Alt, &p.Placeholder, &p.Frame, &p.IDPath, &p.TestID, &p.ID, &p.NameAttr, &p.Label, &p.Name} {
			*s = clip(*s, n)
		}
		if len(p.Path) > 2*n {
			p.Path = p.Path[:2*n]
		}
		if len(p.Headings) > 2 {
			p.Headings = p.Headings[:2]
		}
		if len(p.Shadow) > 2 {
			p.Shadow = p.Shadow[len(p.Shadow)-2:]
		}
		for _, list := range [][]string{p.Headings, p.Shadow, p.Classes} {
			for i := range list {
				list[i] = clip(list[i], n)
			}
		}
		if len(p.Classes) > 6 {
			p.Classes = p.Classes[:6]
		}
	}
}

// rough is about how many bytes a print takes as JSON, quickly; characters that JSON escapes count more there.
func rough(p *selector.Print) int {
	n := 300
	for _, s := range []string{p.Tag, p.Role, p.Name, p.ID, p.NameAttr, p.Type, p.TestID, p.Href, p.Src, p.Text, p.Own, p.Label, p.Placeholder, p.Alt, p.Title, p.Near, p.Row, p.Column, p.Form, p.Path, p.IDPath, p.Frame} {
		n += len(s)
	}
	for _, list := range [][]string{p.Classes, p.Headings, p.Shadow} {
		for _, s := range list {
			n += len(s) + 3
		}
	}
	return n
}

// Candidate is one way to find an element.
type Candidate struct {
	selector.Query
	// Score is how stable it is likely to be, from 1 to 0, and Reason why, in words.
	Score  float64
	Reason string
	// Matches is how many elements the query finds; of several, Nth says which.
	Matches int
}

// Candidates returns ways to find the element of a handle, the most stable first. Each was tried, and finds that
// element alone in its frame.
func (p *Page) Candidates(ctx context.Context, frame string, handle int) ([]Candidate, error) {
	var got []struct {
		Query   selector.Query `json:"query"`
		Score   float64        `json:"score"`
		Reason  string         `json:"reason"`
		Matches int            `json:"matches"`
	}
	if err := p.Eval(ctx, frame, fmt.Sprintf("__aether.candidates(%d)", handle), &got); err != nil {
		return nil, err
	}
	out := make([]Candidate, len(got))
	for i, c := range got {
		out[i] = Candidate{c.Query, c.Score, c.Reason, c.Matches}
	}
	return out, nil
}
