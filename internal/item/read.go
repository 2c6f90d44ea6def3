package item

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/spelling"
	"github.com/aether-rpa/aether/value"
)

// Source opens a file of items from its start, as often as it is called.
type Source func() (io.ReadCloser, error)

// unreadable says that a file cannot be read, which is ErrInput.
func unreadable(what string, err error) error { return refuse("%s: %v", what, err) }

// fields are what an item in a file may have besides its content.
var fields = []string{"reference", "content", "priority", "defer", "due", "risk"}

// ReadJSON reads items from a JSON list, or from JSON values one after the
// other (JSON Lines). An object with the field content is an item with
// reference, priority, defer, due and risk beside it; any other object is a
// content by itself.
func ReadJSON(open Source) iter.Seq2[node.ItemSpec, error] {
	return func(yield func(node.ItemSpec, error) bool) {
		f, err := open()
		if err != nil {
			yield(node.ItemSpec{}, unreadable("opening the items", err))
			return
		}
		defer f.Close()
		in := bufio.NewReaderSize(f, 64<<10)
		if bom, err := in.Peek(3); err == nil && bytes.Equal(bom, []byte("\xef\xbb\xbf")) {
			_, _ = in.Discard(3)
		}
		dec := json.NewDecoder(in)
		dec.UseNumber()
		list, err := isList(in)
		if err == nil && list {
			_, err = dec.Token()
		}
		if err != nil {
			yield(node.ItemSpec{}, unreadable("the items are no JSON", err))
			return
		}
		for n := 1; !list || dec.More(); n++ {
			v, err := value.ParseNext(dec)
			if errors.Is(err, io.EOF) && !list {
				return
			}
			if err != nil {
				yield(node.ItemSpec{}, unreadable(fmt.Sprintf("item %d is no JSON", n), err))
				return
			}
			spec, err := Spec(v)
			if err != nil {
				spec.Bad = err
			}
			if !yield(spec, nil) {
				return
			}
		}
		if _, err := dec.Token(); err != nil {
			yield(node.ItemSpec{}, unreadable("the list of items has no end", err))
			return
		}
		if _, err := dec.Token(); !errors.Is(err, io.EOF) {
			yield(node.ItemSpec{}, refuse("there is something behind the list of items"))
		}
	}
}

// isList reports whether the next thing is a JSON list; it skips blanks.
func isList(in *bufio.Reader) (bool, error) {
	for {
		b, err := in.Peek(1)
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if !strings.ContainsRune(" \t\r\n", rune(b[0])) {
			return b[0] == '[', nil
		}
		if _, err := in.Discard(1); err != nil {
			return false, err
		}
	}
}

// Spec reads an item from a value: see ReadJSON.
func Spec(v any) (node.ItemSpec, error) {
	var out node.ItemSpec
	m, ok := v.(map[string]any)
	if !ok {
		return out, refuse("it is %s, not an object", value.Kind(v))
	}
	content, whole := m["content"].(map[string]any)
	if !whole {
		out.Content = m
		return out, nil
	}
	out.Content = content
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if !slices.Contains(fields, k) {
			return out, refuse("it has a content and the field %q, which an item does not have: it has %s", k, spelling.Or(fields))
		}
	}
	var err error
	switch ref := m["reference"].(type) {
	case nil:
	case string:
		out.Reference = ref
	case int:
		out.Reference = fmt.Sprint(ref)
	default:
		return out, refuse("its reference must be text, not %s", value.Kind(ref))
	}
	switch p := m["priority"].(type) {
	case nil:
	case int:
		out.Priority = &p
	default:
		return out, refuse("its priority must be a whole number from 0 to %d", MaxPriority)
	}
	for _, t := range []struct {
		name string
		to   *time.Time
	}{{"defer", &out.Defer}, {"due", &out.Due}, {"risk", &out.Risk}} {
		switch text := m[t.name].(type) {
		case nil:
		case string:
			if *t.to, err = Moment(text); err != nil {
				return out, refuse("its %s is %q: %v", t.name, text, err)
			}
		default:
			return out, refuse("its %s must be text, a time such as 2026-11-30T08:00:00Z", t.name)
		}
	}
	return out, nil
}

// Moment reads a point in time; without an offset it is in UTC.
func Moment(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, errors.New("write a time as 2026-11-30T08:00:00Z or 2026-11-30")
}

// CSV says how a CSV file is read.
type CSV struct {
	Reference string // column that holds the reference; empty for none
	Delimiter rune   // 0 finds it in the first line
	Columns   Columns
}

// ReadCSV reads items from a CSV file with a header: each row is an item, each
// column a field of its content. Cells are text, as they stand in the file, unless
// Columns says otherwise; a schema can ask for patterns.
func ReadCSV(open Source, o CSV) iter.Seq2[node.ItemSpec, error] {
	return func(yield func(node.ItemSpec, error) bool) {
		f, err := open()
		if err != nil {
			yield(node.ItemSpec{}, unreadable("opening the items", err))
			return
		}
		defer f.Close()
		in := bufio.NewReaderSize(f, 64<<10)
		first, err := in.Peek(64 << 10)
		if err != nil && !errors.Is(err, io.EOF) {
			yield(node.ItemSpec{}, unreadable("reading the items", err))
			return
		}
		if bytes.HasPrefix(first, []byte("\xef\xbb\xbf")) {
			_, _ = in.Discard(3)
		}
		r := csv.NewReader(in)
		r.FieldsPerRecord, r.ReuseRecord = -1, true
		if r.Comma = o.Delimiter; r.Comma == 0 {
			r.Comma = delimiter(first)
		}
		head, err := r.Read()
		if err != nil {
			yield(node.ItemSpec{}, unreadable("the file of items has no header", err))
			return
		}
		head = slices.Clone(head)
		if err := checkHead(head, o.Reference); err != nil {
			yield(node.ItemSpec{}, err)
			return
		}
		for {
			cells, err := r.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			spec := node.ItemSpec{Content: map[string]any{}}
			var parse *csv.ParseError
			switch {
			case errors.As(err, &parse):
				spec.Bad = refuse("line %d is no CSV: %v", parse.Line, parse.Err)
			case err != nil:
				yield(node.ItemSpec{}, unreadable("reading the items", err))
				return
			case len(cells) != len(head):
				line, _ := r.FieldPos(0)
				spec.Bad = refuse("line %d has %d cells for %d columns", line, len(cells), len(head))
			default:
				for i, name := range head {
					if v, ok := o.Columns.cell(name, cells[i]); ok {
						spec.Content[name] = v
					}
					if name == o.Reference {
						spec.Reference = cells[i]
					}
				}
			}
			if !yield(spec, nil) {
				return
			}
		}
	}
}

func checkHead(head []string, reference string) error {
	seen := map[string]bool{}
	for i, name := range head {
		switch {
		case strings.TrimSpace(name) == "":
			return refuse("column %d of the file has no name in the first line", i+1)
		case seen[name]:
			return refuse("two columns of the file are named %q", name)
		}
		seen[name] = true
	}
	if reference != "" && !seen[reference] {
		return refuse("the file has no column %q for the reference: it has %s", reference, strings.Join(head, ", "))
	}
	return nil
}

// delimiter finds what separates the cells of the first line.
func delimiter(first []byte) rune {
	line, _, _ := bytes.Cut(first, []byte("\n"))
	best, most := ',', 0
	for _, d := range []rune{',', ';', '\t', '|'} {
		if n := bytes.Count(line, []byte(string(d))); n > most {
			best, most = d, n
		}
	}
	return best
}
