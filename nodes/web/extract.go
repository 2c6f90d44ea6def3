package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/schema"
	"github.com/aether-rpa/aether/selector"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[extractIn, extractOut]{
		Type: "web.extract", Title: "Extract data",
		Doc: "Reads a list of the page into rows: for each element that the target means, the fields named, each with a query that is searched inside of the row. " +
			"With next the button to the next page is pressed until it is gone or disabled, and with scroll the page is scrolled until no more rows come; each page must really show other rows. " +
			"A field that is in no row at all is a failure, unless it is optional, and so is a list without rows, unless allow_none is set.",
		Effect: node.Once,
		EffectOf: func(in extractIn) node.Effect {
			switch {
			case in.Next.Given() && !in.Repeatable:
				return node.Once
			case in.Next.Given() || in.Scroll:
				return node.Idempotent
			}
			return node.Read
		},
		Examples: []node.Example[extractIn, extractOut]{{
			Title: "Read the offers of all pages",
			In: extractIn{
				Target: selector.Must("css=li.offer"), Fields: map[string]fieldIn{"name": {Query: selector.Must("css=h2")}, "price": {Query: selector.Must("css=.price"), Optional: true}, "link": {Query: selector.Must("css=a"), Read: "link"}},
				Next: selector.Must("text=Next"), MaxPages: 20,
			},
			Out: extractOut{Rows: value.RowsOf([]any{map[string]any{"name": "Lamp", "price": "12.00", "link": "https://shop.example.com/lamp"}}), Count: 1, Pages: 1}, DocOnly: needsBrowser,
		}},
		Check: func(in extractIn) error {
			if in.Next.Given() && in.Scroll {
				return errors.New("give next or scroll, not both: a list goes on by a button or by scrolling")
			}
			return nil
		},
		Run: func(ctx context.Context, env *node.Env, in extractIn) (extractOut, error) {
			run := func(ctx context.Context, p *browser.Page) (extractOut, error) { return extract(ctx, env, in, p) }
			// The timeout is that of one page; all of them take as long as they take.
			in.each = in.Timeout
			in.Timeout = lastSteps + time.Duration(in.MaxPages)*min(in.each, 24*time.Hour)
			if !in.Next.Given() && !in.Scroll {
				return look(ctx, env, in.In, run)
			}
			return do(ctx, env, in.In, !in.Next.Given() || in.Repeatable, func(ctx context.Context, _ *browser.Session, p *browser.Page) (extractOut, error) { return run(ctx, p) })
		},
	})
}

type extractIn struct {
	In
	Target     selector.Target    `json:"target" is:"required" widget:"selector" doc:"The rows: what each of them is, like css=table.results tbody tr or testid=offer. All that match and can be seen are read."`
	Fields     map[string]fieldIn `json:"fields" doc:"What to read of each row by the name it gets: a query inside of the row, like css=.price, or a map with query, read (text, raw, value, html, inner, attribute, link, image, checked), name (of the attribute) and optional. Without a query the row itself is read. None reads the text of the row as text."`
	Next       selector.Target    `json:"next" widget:"selector" doc:"Button or link to the next page."`
	Scroll     bool               `json:"scroll" doc:"Whether the list grows by scrolling to its end."`
	MaxPages   int                `json:"max_pages" default:"100" min:"1" max:"100000" doc:"How many pages to read at most, or how often to scroll."`
	MaxRows    int                `json:"max_rows" default:"10000" min:"1" max:"1000000" doc:"How many rows to read at most."`
	AllowNone  bool               `json:"allow_none" is:"advanced" doc:"Whether a list without rows is fine; it is waited for as long as timeout says all the same."`
	StopOnSame bool               `json:"stop_on_same" is:"advanced" doc:"Whether a page that stays the same after next was pressed is the last one, instead of a failure."`
	Settle     time.Duration      `json:"settle" default:"2s" is:"advanced" doc:"How long to wait for more rows after scrolling before the list counts as read to its end."`
	Repeatable bool               `json:"repeatable" is:"advanced" doc:"Whether the node may begin again, from the page where it then stands, when it is interrupted."`

	each time.Duration
}

// lastSteps is the time that is left for the rows when the page has used up its own.
const lastSteps = 30 * time.Second

type extractOut struct {
	Rows  value.Rows `json:"rows" doc:"The rows as maps with the fields; what a row does not have is null."`
	Count int        `json:"count" doc:"How many rows there are."`
	Pages int        `json:"pages" doc:"How many pages were read."`
	More  bool       `json:"more" doc:"Whether the page has more rows than the limits let through."`
}

// reads are the ways to read a field.
var reads = []string{"text", "raw", "value", "html", "inner", "attribute", "link", "image", "checked"}

// fieldIn is a field of a row, written as a query or as a map.
type fieldIn struct {
	Query    selector.Target
	Read     string
	Name     string
	Optional bool
}

// SchemaKind implements schema.Custom.
func (*fieldIn) SchemaKind() schema.Kind { return schema.Any }

// FromValue implements schema.Custom.
func (f *fieldIn) FromValue(v any) error {
	*f = fieldIn{}
	m, ok := v.(map[string]any)
	if !ok {
		if v == "" || v == nil {
			return nil
		}
		return f.Query.FromValue(v)
	}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		var err error
		switch text, isText := m[k].(string); {
		case k == "query":
			err = f.Query.FromValue(m[k])
		case k == "read" && isText && slices.Contains(reads, text):
			f.Read = text
		case k == "read":
			err = fmt.Errorf("a field is read as one of %s", strings.Join(reads, ", "))
		case k == "name" && isText:
			f.Name = text
			if m["read"] == nil {
				f.Read = "attribute"
			}
		case k == "optional":
			f.Optional, ok = m[k].(bool)
			if !ok {
				err = errors.New("optional is true or false")
			}
		default:
			err = fmt.Errorf("a field has no %q; it has query, read, name and optional", k)
		}
		if err != nil {
			return err
		}
	}
	if f.Read == "attribute" && f.Name == "" {
		return errors.New("say with name which attribute to read")
	}
	return nil
}

// ToValue implements schema.Custom.
func (f *fieldIn) ToValue() any {
	if f.Read == "" && !f.Optional {
		if v := f.Query.ToValue(); v != nil {
			return v
		}
		return ""
	}
	m := map[string]any{}
	if f.Query.Given() {
		m["query"] = f.Query.ToValue()
	}
	if f.Read != "" {
		m["read"] = f.Read
	}
	if f.Name != "" {
		m["name"] = f.Name
	}
	if f.Optional {
		m["optional"] = true
	}
	return m
}

// scrape goes through the pages of a list.
type scrape struct {
	in     extractIn
	p      *browser.Page
	names  []string
	fields []browser.Field
	seen   []int
	out    extractOut
}

func extract(ctx context.Context, env *node.Env, in extractIn, p *browser.Page) (extractOut, error) {
	s := &scrape{in: in, p: p, names: slices.Sorted(maps.Keys(in.Fields))}
	if len(s.names) == 0 {
		s.names, s.fields = []string{"text"}, []browser.Field{{Read: "text"}}
	}
	for _, n := range s.names[len(s.fields):] {
		f := in.Fields[n]
		s.fields = append(s.fields, browser.Field{Queries: f.Query.Queries, Read: cmpOr(f.Read, "text"), Name: f.Name})
	}
	s.seen = make([]int, len(s.names))
	rows, err := env.Rows(ctx, func(yield func(any) bool) error { return s.pages(ctx, yield) })
	if err != nil {
		return extractOut{}, err
	}
	s.out.Rows = rows
	if s.out.Count == 0 {
		return s.out, nil
	}
	for i, n := range s.names {
		if s.seen[i] == 0 && !in.Fields[n].Optional && len(in.Fields) > 0 {
			return extractOut{}, &browser.Failure{Kind: browser.NotFound, Action: "read", Target: in.Fields[n].Query, Detail: fmt.Sprintf("the field %s is in none of the %d rows; set optional if that may be", n, s.out.Count)}
		}
	}
	return s.out, nil
}

func cmpOr(s, or string) string {
	if s == "" {
		return or
	}
	return s
}

func (s *scrape) pages(ctx context.Context, yield func(any) bool) error {
	var before *browser.Lines
	for {
		limit := s.in.MaxRows - s.out.Count
		if s.in.Scroll {
			limit = s.in.MaxRows
		}
		step, cancel := context.WithTimeout(ctx, s.in.each)
		now, err := s.p.Batch(step, s.in.Target, s.fields, limit, before)
		cancel()
		var f *browser.Failure
		switch {
		case ctx.Err() == nil && s.in.AllowNone && s.out.Pages == 0 && errors.As(err, &f) && f.Kind == browser.NotFound:
			return nil
		case ctx.Err() == nil && s.in.StopOnSame && errors.As(err, &f) && f.Kind == browser.Unchanged:
			return nil
		case err != nil:
			return err
		}
		s.out.Pages++
		if err := s.add(now, yield); err != nil {
			return err
		}
		s.out.More = now.Total > len(now.Rows)
		if s.out.More || !s.in.Next.Given() && !s.in.Scroll {
			return nil
		}
		full := s.out.Count >= s.in.MaxRows || s.out.Pages >= s.in.MaxPages
		more, fresh, err := s.onward(ctx, now, full)
		if err != nil {
			return err
		}
		if s.out.More = more && full; !more || full {
			return nil
		}
		if before = &now; fresh {
			before = nil
		}
	}
}

// add yields the rows of a page; a list that grows shows those again that were read.
func (s *scrape) add(now browser.Lines, yield func(any) bool) error {
	rows := now.Rows
	if s.in.Scroll {
		rows = rows[min(s.out.Count, len(rows)):]
	}
	for i, n := range now.Seen {
		s.seen[i] += n
	}
	for _, r := range rows {
		m := make(map[string]any, len(s.names))
		for i, n := range s.names {
			v, err := value.Normalize(r[i])
			if err != nil {
				return err
			}
			m[n] = v
		}
		s.out.Count++
		if !yield(m) {
			return nil
		}
	}
	return nil
}

// onward goes to the next page and reports whether there is one, and whether it is a document of its own; with look a
// button is looked at only.
func (s *scrape) onward(ctx context.Context, now browser.Lines, look bool) (more, fresh bool, err error) {
	step, cancel := context.WithTimeout(ctx, s.in.each)
	defer cancel()
	if s.in.Next.Given() {
		ok, err := s.p.Usable(step, s.in.Next)
		if err != nil || !ok || look {
			return ok, false, err
		}
		d, err := s.p.Click(step, s.in.Next, browser.Click{})
		return true, d.Arrival != nil, err
	}
	if err := s.p.ScrollOn(step, s.in.Target); err != nil {
		return false, false, err
	}
	short, stop := context.WithTimeout(step, s.in.Settle)
	defer stop()
	for {
		count, err := s.p.Count(short, s.in.Target, true)
		switch {
		case ctx.Err() == nil && short.Err() != nil:
			return false, false, nil
		case err != nil || count > now.Total:
			return err == nil, false, err
		}
		select {
		case <-short.Done():
		case <-time.After(30 * time.Millisecond):
		}
	}
}

// jsonOf reads what a page gave into a canonical value.
func jsonOf(raw json.RawMessage) (any, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil, err
	}
	return value.Normalize(v)
}
