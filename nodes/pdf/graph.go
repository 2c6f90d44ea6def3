package pdf

import (
	"fmt"
	"io"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// pdfcpu follows the references of a document by recursion, and a Go program
// whose stack grows too large ends, with all that runs in it. So nothing is
// handed to pdfcpu's checks before its objects are known to be nested within
// bounds, and not in circles where it does not expect them.

// maxNesting is how deep objects may stand in each other.
const maxNesting = 1500

func set(keys ...string) map[string]bool {
	out := map[string]bool{}
	for _, k := range keys {
		out[k] = true
	}
	return out
}

var (
	// around are the keys by which objects refer to what they are in or beside,
	// or which nobody follows. Good documents are full of circles through them.
	around = set("Parent", "P", "Pg", "Prev", "Next", "Last", "IRT", "Popup", "Dest", "Threads", "B", "SD", "Obj", "Ref", "PieceInfo", "SpiderInfo", "Data", "Reference")
	// shared are the keys of what may hold the resources that hold it; pdfcpu
	// looks at each only once.
	shared = set("XObject", "Font")
	// named are the keys of dictionaries whose keys are names somebody chose.
	named = set("Pattern", "Shading", "ColorSpace", "ExtGState", "Properties", "XObject", "Font", "Colorants", "HT", "AA", "AP", "N", "Dests", "CharProcs")
	// actions follow each other by Next alone; what else they name may be where
	// they are.
	actions = set("GoTo", "GoToR", "GoToE", "GoToDp", "Launch", "Thread", "URI", "Sound", "Movie", "Hide", "Named", "SubmitForm", "ResetForm", "ImportData", "JavaScript", "SetOCGState", "Rendition", "Trans", "GoTo3DView", "RichMediaExecute")
)

// validated reads a document with pdfcpu and has it check the document.
func validated(rs io.ReadSeeker, conf *model.Configuration, cmd model.CommandMode) (*model.Context, error) {
	conf.Cmd = cmd
	doc, err := api.ReadContext(rs, conf)
	if err != nil {
		return nil, err
	}
	if err := bounded(doc.XRefTable); err != nil {
		return nil, err
	}
	if err := api.ValidateContext(doc); err != nil {
		return nil, fmt.Errorf("object %d: %w", doc.CurObj, err)
	}
	return doc, nil
}

// load is validated, and has pdfcpu prepare the document for a change. The command
// says what is meant to be done with it, by which pdfcpu judges the permissions.
func load(rs io.ReadSeeker, conf *model.Configuration, cmd model.CommandMode) (*model.Context, error) {
	doc, err := validated(rs, conf, cmd)
	if err != nil {
		return nil, err
	}
	if err := api.OptimizeContext(doc); err != nil {
		return nil, err
	}
	return doc, pdfcpu.CacheFormFonts(doc)
}

// bounded refuses documents that would be followed without end.
func bounded(table *model.XRefTable) error {
	all := &nesting{table: table, heights: map[int]int{}}
	circles := &nesting{table: table, heights: map[int]int{}, straight: true}
	for n := range table.Table {
		for _, walk := range []*nesting{all, circles} {
			if _, err := walk.reference(n, "Kids", 0); err != nil {
				return err
			}
		}
	}
	return chains(table)
}

// chains refuses lists, of bookmarks or actions, whose last part leads back
// into them. They may be long, so they are not followed by recursion.
func chains(table *model.XRefTable) error {
	done := map[int]bool{}
	for n := range table.Table {
		here := map[int]bool{}
		for at := n; !done[at]; {
			if here[at] {
				return circle(at)
			}
			here[at] = true
			e := table.Table[at]
			if e == nil {
				break
			}
			d, _ := e.Object.(types.Dict)
			next, ok := d["Next"].(types.IndirectRef)
			if !ok {
				break
			}
			at = next.ObjectNumber.Value()
		}
		for k := range here {
			done[k] = true
		}
	}
	return nil
}

func circle(n int) error {
	return input("open the file in a viewer and print it to a new PDF", "the file is built in a circle: object %d is a part of itself", n)
}

func tooDeep() error {
	return input("open the file in a viewer and print it to a new PDF", "the file nests objects more than %d levels deep", maxNesting)
}

// nesting measures how deep objects are nested.
type nesting struct {
	table    *model.XRefTable
	heights  map[int]int // of objects, -1 while they are being looked at
	straight bool        // circles are refused
}

// object returns how many levels there are below o, which stands under a key.
func (w *nesting) object(o types.Object, key string, depth int) (int, error) {
	if depth > maxNesting {
		return 0, tooDeep()
	}
	switch o := o.(type) {
	case types.IndirectRef:
		return w.reference(o.ObjectNumber.Value(), key, depth)
	case types.Dict:
		return w.dict(o, key, depth)
	case types.StreamDict:
		return w.dict(o.Dict, key, depth)
	case types.ObjectStreamDict:
		return w.dict(o.Dict, key, depth)
	case types.XRefStreamDict:
		return w.dict(o.Dict, key, depth)
	case types.Array:
		high := 0
		for _, e := range o {
			h, err := w.object(e, key, depth+1)
			if err != nil {
				return 0, err
			}
			high = max(high, h)
		}
		return high + 1, nil
	}
	return 0, nil
}

func (w *nesting) dict(d types.Dict, key string, depth int) (int, error) {
	if s, ok := d["S"].(types.Name); ok && actions[string(s)] {
		return 1, nil // see chains
	}
	high := 0
	for k, v := range d {
		if !named[key] && (around[k] || w.straight && shared[k]) {
			continue
		}
		h, err := w.object(v, k, depth+1)
		if err != nil {
			return 0, err
		}
		high = max(high, h)
	}
	return high + 1, nil
}

func (w *nesting) reference(n int, key string, depth int) (int, error) {
	e := w.table.Table[n]
	if e == nil || e.Object == nil {
		return 0, nil
	}
	if d, ok := e.Object.(types.Dict); ok && key != "Kids" && isPage(d) {
		return 0, nil // a link to a page
	}
	h, known := w.heights[n]
	switch {
	case known && h < 0 && w.straight:
		return 0, circle(n)
	case known && h < 0:
		return 0, nil
	case !known:
		w.heights[n] = -1
		var err error
		if h, err = w.object(e.Object, key, depth); err != nil {
			return 0, err
		}
		w.heights[n] = h
	}
	if depth+h > maxNesting {
		return 0, tooDeep()
	}
	return h, nil
}

func isPage(d types.Dict) bool {
	t, _ := d["Type"].(types.Name)
	return t == "Page" || t == "Pages"
}
