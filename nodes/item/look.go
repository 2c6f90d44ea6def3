package item

import (
	"context"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[getIn, getOut]{
		Type: "item.get", Title: "Look at work item", Effect: node.Read,
		Doc: "Reads a work item as it is now, by its number, or by its queue and reference. If several have the reference it is the newest.",
		Examples: []node.Example[getIn, getOut]{
			{Title: "By number", In: getIn{ID: 2}, Check: func(o getOut) error { return want(o.Item["reference"] == "R-2") }},
			{Title: "By reference", In: getIn{Queue: "invoices", Reference: "R-1"}, Check: func(o getOut) error { return want(o.Item["status"] == "in_progress") }},
		},
		Check: func(in getIn) error {
			if in.ID == 0 && (in.Queue == "" || in.Reference == "") {
				return node.Fail(node.KindInput, "it needs the number of the item, or its queue and reference", "")
			}
			return nil
		},
		Run: get,
	})
	node.Register(node.Spec[listIn, listOut]{
		Type: "item.list", Title: "List work items", Effect: node.Read,
		Doc: "Lists work items of a queue in the order in which they were added.",
		Examples: []node.Example[listIn, listOut]{
			{Title: "What waits", In: listIn{Queue: "invoices", Status: []string{"new"}}, Check: func(o listOut) error { return want(o.Count == 1) }},
			{Title: "All", In: listIn{Queue: "invoices"}, Check: func(o listOut) error { return want(o.Count == 2) }},
		},
		Run: list,
	})
	node.Register(node.Spec[saveIn, saveOut]{
		Type: "item.save_file", Title: "Save file of work item", Effect: node.Idempotent,
		Doc: "Writes a file that goes with a work item to the disk. A target that ends with / receives it under its name there.",
		Examples: []node.Example[saveIn, saveOut]{
			{Title: "Save a scan", In: saveIn{Item: map[string]any{"id": 9, "files": map[string]any{"scan.pdf": map[string]any{"digest": "…", "size": 4}}}, Name: "scan.pdf", To: "inbox/"}, DocOnly: "the artifact store of a test is empty"},
		},
		Run: save,
	})
}

type getIn struct {
	ID        int    `json:"id" min:"0" doc:"Number of the item."`
	Queue     string `json:"queue" doc:"Queue of the item, without its number."`
	Reference string `json:"reference" doc:"Reference of the item, without its number."`
}

type getOut struct {
	Item map[string]any `json:"item" doc:"The item: id, reference, status, content, output, reason and more."`
}

func get(ctx context.Context, env *node.Env, in getIn) (getOut, error) {
	store, err := items(env)
	if err != nil {
		return getOut{}, err
	}
	got, err := store.List(ctx, node.ItemFilter{ID: int64(in.ID), Queue: in.Queue, Reference: in.Reference, Limit: 10_000})
	if err != nil {
		return getOut{}, err
	}
	if len(got) == 0 {
		what := fmt.Sprintf("number %d", in.ID)
		if in.ID == 0 {
			what = fmt.Sprintf("reference %q in queue %s", in.Reference, in.Queue)
		}
		return getOut{}, node.Fail(node.KindNotFound, "there is no work item with "+what, "")
	}
	return getOut{got[len(got)-1].Value()}, nil
}

type listIn struct {
	Queue  string   `json:"queue" is:"required" doc:"Queue to list."`
	Status []string `json:"status" doc:"Statuses to list: new, in_progress, successful, failed, retried, abandoned, deleted; all if empty."`
	Limit  int      `json:"limit" default:"1000" min:"1" max:"1000000" doc:"How many at most."`
}

type listOut struct {
	Items value.Rows `json:"items" doc:"The items."`
	Count int        `json:"count" doc:"How many there are in the list."`
}

func list(ctx context.Context, env *node.Env, in listIn) (listOut, error) {
	store, err := items(env)
	if err != nil {
		return listOut{}, err
	}
	var out listOut
	out.Items, err = env.Rows(ctx, func(yield func(any) bool) error {
		for after := int64(0); out.Count < in.Limit; {
			page, err := store.List(ctx, node.ItemFilter{Queue: in.Queue, Status: in.Status, After: after, Limit: min(500, in.Limit-out.Count)})
			if err != nil || len(page) == 0 {
				return err
			}
			for _, i := range page {
				after = i.ID
				out.Count++
				if !yield(i.Value()) {
					return nil
				}
			}
		}
		return nil
	})
	return out, err
}

type saveIn struct {
	Item map[string]any `json:"item" is:"required" doc:"The item, whole: '{{ loop.item }}', or an output of item.next, item.get or item.list."`
	Name string         `json:"name" is:"required" doc:"Name of the file."`
	To   string         `json:"to" is:"required" widget:"file" doc:"Where to write it."`
}

type saveOut struct {
	Path string `json:"path" doc:"Where it is."`
}

func save(ctx context.Context, env *node.Env, in saveIn) (saveOut, error) {
	files, _ := in.Item["files"].(map[string]any)
	f, _ := files[in.Name].(map[string]any)
	digest, ok := f["digest"].(string)
	if !ok {
		return saveOut{}, node.Fail(node.KindNotFound, fmt.Sprintf("the work item has no file %q", in.Name), "it has "+strings.Join(slices.Sorted(maps.Keys(files)), ", "))
	}
	to := in.To
	if strings.HasSuffix(to, "/") {
		if !filepath.IsLocal(in.Name) || filepath.Base(in.Name) != in.Name {
			return saveOut{}, node.Fail(node.KindInput, fmt.Sprintf("%q cannot be the name of a file", in.Name), "give the whole path in to")
		}
		to += in.Name
	}
	path, err := env.Files.Abs(to)
	if err != nil {
		return saveOut{}, err
	}
	if err := env.Files.MkdirAll(filepath.Dir(path)); err != nil {
		return saveOut{}, err
	}
	from, err := env.Artifacts.Open(ctx, digest)
	if err != nil {
		return saveOut{}, fmt.Errorf("opening the file %s of the work item: %w", in.Name, err)
	}
	defer from.Close()
	return saveOut{path}, env.Files.WriteAtomic(path, 0o644, func(w io.Writer) error {
		_, err := io.Copy(w, from)
		return err
	})
}
