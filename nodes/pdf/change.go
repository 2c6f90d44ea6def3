package pdf

import (
	"bytes"
	"context"
	"io"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"

	"github.com/aether-rpa/aether/node"
)

// changedOut is what the nodes that write one document return.
type changedOut struct {
	File      string `json:"file" doc:"Path of the file written."`
	PageCount int    `json:"page_count" doc:"How many pages it has."`
	Size      int    `json:"size" doc:"Its size in bytes."`
}

type gatedWriter struct {
	g *gate
	w io.Writer
	n int
}

func (w *gatedWriter) Write(p []byte) (int, error) {
	if err := w.g.enter(); err != nil {
		return 0, err
	}
	defer w.g.mu.Unlock()
	n, err := w.w.Write(p)
	w.n += n
	return n, err
}

// change reads the document, has fn change it and writes it to a file. What fn
// returns is written; nil means the document given.
func (s source) change(ctx context.Context, env *node.Env, to string, cmd model.CommandMode, fn func(*model.Context) (*model.Context, error)) (changedOut, error) {
	return s.write(ctx, env, to, func(rs io.ReadSeeker, w io.Writer, conf *model.Configuration) (int, error) {
		doc, err := load(rs, conf, cmd)
		if err != nil {
			return 0, err
		}
		made, err := fn(doc)
		if err != nil {
			return 0, err
		}
		if made == nil {
			made = doc
		}
		return made.PageCount, api.WriteContext(made, w)
	})
}

// write runs an operation that writes a document and returns its number of
// pages.
func (s source) write(ctx context.Context, env *node.Env, to string, op func(rs io.ReadSeeker, w io.Writer, conf *model.Configuration) (int, error)) (changedOut, error) {
	out := changedOut{File: to}
	f, rs, _, err := s.open(env)
	if err != nil {
		return out, err
	}
	// The operation may outlive the wait for it, so it closes what it reads and
	// keeps its results to itself until it is done.
	inner, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	started := false
	err = env.Files.WriteAtomic(to, 0o644, func(w io.Writer) error {
		started = true
		made := make(chan changedOut, 1)
		err := guarded(inner, func(g *gate) error {
			defer f.Close()
			gw := &gatedWriter{g: g, w: w}
			pages, err := op(&gatedReader{g, rs}, gw, s.conf())
			made <- changedOut{File: to, PageCount: pages, Size: gw.n}
			return err
		})
		if err != nil {
			return s.tell(ctx, err)
		}
		out = <-made
		return nil
	})
	if !started {
		_ = f.Close()
	}
	return out, tell(err, to)
}

// pageSet turns pages into what pdfcpu takes.
func pageSet(pages []int) types.IntSet {
	set := types.IntSet{}
	for _, p := range pages {
		set[p] = true
	}
	return set
}

// take returns a document of the given pages, in that order.
func take(doc *model.Context, pages []int) (*model.Context, error) {
	if len(pages) == 0 {
		return nil, input("name at least one page", "no page is left")
	}
	made, err := pdfcpu.ExtractPages(doc, pages, false)
	if err == nil {
		made.PageCount = len(pages) // pdfcpu leaves the count of the new document open
	}
	return made, err
}

func newReader(b []byte) io.ReadSeeker { return bytes.NewReader(b) }
