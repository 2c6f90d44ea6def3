package item

import (
	"context"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[addIn, addOut]{
		Type: "item.add", Title: "Add work item", Effect: node.Idempotent,
		Doc: "Puts one work item into a queue. After a crash it is there once, not twice. Files that go with it are kept with the item, whatever becomes of them on the disk.",
		Examples: []node.Example[addIn, addOut]{
			{Title: "One invoice", In: addIn{Queue: "invoices", Reference: "R-7", Content: map[string]any{"number": "R-7", "amount": 12.5}}, Out: addOut{ID: 3, Added: true}},
			{Title: "With a file", In: addIn{Queue: "invoices", Reference: "R-8", Files: map[string]string{"scan": "r8.pdf"}}, Files: map[string]string{"r8.pdf": "%PDF"}, Out: addOut{ID: 3, Added: true}},
		},
		Run: add,
	})
	node.Register(node.Spec[manyIn, manyOut]{
		Type: "item.add_many", Title: "Add work items", Effect: node.Idempotent,
		Doc: "Puts the rows of a table into a queue, each as a work item with the row as its content. All are added or none, unless partly is set: then those that are right are added, and the others are listed in errors. The table may be larger than memory.",
		Examples: []node.Example[manyIn, manyOut]{
			{Title: "A table", In: manyIn{Queue: "invoices", Rows: rows("R-7", "R-8"), Reference: "number"}, Out: manyOut{Added: 2, First: 3, Last: 4, Errors: []rowError{}}},
			{Title: "Rows that are wrong are reported", In: manyIn{Queue: "invoices", Rows: value.RowsOf([]any{map[string]any{"number": "R-7"}, "no row"}), Reference: "number", Partly: true},
				Out: manyOut{Added: 1, Failed: 1, First: 3, Last: 3, Errors: []rowError{{Row: 2, Error: "it is a string, not a row"}}}},
		},
		Run: addMany,
	})
}

func rows(numbers ...string) value.Rows {
	var out []any
	for _, n := range numbers {
		out = append(out, map[string]any{"number": n})
	}
	return value.RowsOf(out)
}

type addIn struct {
	Queue       string            `json:"queue" is:"required" doc:"Queue to add to."`
	Content     map[string]any    `json:"content" doc:"What there is to work on."`
	Reference   string            `json:"reference" doc:"What people call the item, such as an invoice number."`
	OnDuplicate string            `json:"on_duplicate" default:"fail" enum:"fail,skip" doc:"What to do when the queue wants unique references and has this one: fail, or add nothing."`
	Files       map[string]string `json:"files" doc:"Files that go with it: name to path."`
	when
}

type addOut struct {
	ID    int  `json:"id" doc:"Number of the item; 0 if it was not added."`
	Added bool `json:"added" doc:"False if the reference was there and on_duplicate is skip."`
}

func add(ctx context.Context, env *node.Env, in addIn) (addOut, error) {
	store, err := items(env)
	if err != nil {
		return addOut{}, err
	}
	spec, err := in.spec()
	if err != nil {
		return addOut{}, err
	}
	spec.Reference, spec.Content = mask(env, in.Reference), mask(env, in.Content)
	for _, name := range slices.Sorted(maps.Keys(in.Files)) {
		f, err := attach(ctx, env, in.Files[name])
		if err != nil {
			return addOut{}, err
		}
		if spec.Files == nil {
			spec.Files = map[string]node.ItemFile{}
		}
		spec.Files[name] = f
	}
	got, err := store.Add(ctx, in.Queue, env.Token, node.ItemAdd{}, func(yield func(node.ItemSpec, error) bool) { yield(spec, nil) })
	switch {
	case err != nil:
		return addOut{}, err
	case got.Failed > 0 && got.Errors[0].Duplicate && in.OnDuplicate == "skip":
		return addOut{}, nil
	case got.Failed > 0:
		return addOut{}, node.Fail(node.KindInput, "the work item was not added: "+got.Errors[0].Error, "")
	}
	return addOut{ID: int(got.First), Added: true}, nil
}

func attach(ctx context.Context, env *node.Env, path string) (node.ItemFile, error) {
	f, err := env.Files.Open(path)
	if err != nil {
		return node.ItemFile{}, err
	}
	defer f.Close()
	digest, size, err := env.Artifacts.Put(ctx, func(w io.Writer) error {
		_, err := io.Copy(w, f)
		return err
	})
	if err != nil {
		return node.ItemFile{}, fmt.Errorf("keeping the file %s: %w", path, err)
	}
	return node.ItemFile{Digest: digest, Size: size}, nil
}

type manyIn struct {
	Queue     string     `json:"queue" is:"required" doc:"Queue to add to."`
	Rows      value.Rows `json:"rows" is:"required" doc:"Table; each row is the content of an item."`
	Reference string     `json:"reference" doc:"Column that holds the reference of an item; none if empty."`
	Partly    bool       `json:"partly" doc:"Add the rows that are right and report the others, rather than all or nothing."`
	when
}

type manyOut struct {
	Added  int        `json:"added" doc:"How many were added."`
	Failed int        `json:"failed" doc:"How many were not."`
	First  int        `json:"first" doc:"Number of the first item that was added."`
	Last   int        `json:"last" doc:"Number of the last."`
	Errors []rowError `json:"errors" doc:"The first 1000 rows that were not added."`
}

type rowError struct {
	Row       int    `json:"row" doc:"Number of the row, from 1."`
	Reference string `json:"reference" doc:"Its reference."`
	Error     string `json:"error" doc:"Why it was not added."`
}

func addMany(ctx context.Context, env *node.Env, in manyIn) (manyOut, error) {
	store, err := items(env)
	if err != nil {
		return manyOut{}, err
	}
	base, err := in.spec()
	if err != nil {
		return manyOut{}, err
	}
	got, err := store.Add(ctx, in.Queue, env.Token, node.ItemAdd{Rows: in.Partly}, in.specs(ctx, env, base))
	if err != nil {
		return manyOut{}, err
	}
	out := manyOut{Added: got.Added, Failed: got.Failed, First: int(got.First), Last: int(got.Last), Errors: []rowError{}}
	for _, e := range got.Errors {
		out.Errors = append(out.Errors, rowError{e.Row, e.Reference, e.Error})
	}
	if got.Failed > 0 && !in.Partly {
		f := node.Fail(node.KindInput, fmt.Sprintf("no work item was added, since %d of the rows are wrong; the first is row %d: %s", got.Failed, got.Errors[0].Row, got.Errors[0].Error), "see details for all of them; partly: true adds the others")
		list := make([]any, len(out.Errors))
		for i, e := range out.Errors {
			list[i] = map[string]any{"row": e.Row, "reference": e.Reference, "error": e.Error}
		}
		f.Details = list
		return manyOut{}, f
	}
	return out, nil
}

// specs makes items of the rows.
func (in manyIn) specs(ctx context.Context, env *node.Env, base node.ItemSpec) iter.Seq2[node.ItemSpec, error] {
	return func(yield func(node.ItemSpec, error) bool) {
		for v, err := range in.Rows.All(ctx) {
			if err != nil {
				yield(node.ItemSpec{}, fmt.Errorf("reading the rows: %w", err))
				return
			}
			spec := base
			row, ok := mask(env, v).(map[string]any)
			if spec.Content = row; !ok {
				spec.Bad = fmt.Errorf("it is a %s, not a row", value.Kind(v))
			}
			if in.Reference != "" && ok {
				switch ref := row[in.Reference].(type) {
				case nil:
				case string:
					spec.Reference = ref
				default:
					spec.Reference = fmt.Sprint(ref)
				}
			}
			if !yield(spec, nil) {
				return
			}
		}
	}
}
