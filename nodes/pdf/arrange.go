package pdf

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/vault"
)

func init() {
	hello := map[string]string{"hello.pdf": helloPDF, "prices.pdf": pricesPDF}
	node.Register(node.Spec[mergeIn, changedOut]{
		Type:  "pdf.merge",
		Title: "Merge PDF files",
		Doc: "Puts PDF files together into one, in the order given. Of each file all pages are taken, or those that parts name. " +
			"Form fields of the same name become one, as PDF demands; bookmarks are kept. The result is not encrypted.",
		Effect: node.Idempotent,
		Examples: []node.Example[mergeIn, changedOut]{{
			Title: "Two files",
			Files: hello,
			In:    mergeIn{Files: []string{"hello.pdf", "prices.pdf"}, To: "both.pdf"},
			Check: wantPages(2),
		}, {
			Title: "Some pages, one of them twice",
			Files: hello,
			In:    mergeIn{Parts: []mergePart{{File: "hello.pdf", Pages: []string{"1,1"}}, {File: "prices.pdf"}}, To: "both.pdf"},
			Check: wantPages(3),
		}},
		Check: func(in mergeIn) error {
			if len(in.Files)+len(in.Parts) == 0 {
				return input("name the files to merge in files", "there is nothing to merge")
			}
			return nil
		},
		Run: merge,
	})
	node.Register(node.Spec[extractIn, changedOut]{
		Type:   "pdf.extract_pages",
		Title:  "Extract pages of PDF",
		Doc:    "Writes some pages of a PDF file to a new one, in the order named; a page may be named more than once, so this also puts pages into another order. Bookmarks and form fields are left behind.",
		Effect: node.Idempotent,
		Examples: []node.Example[extractIn, changedOut]{{
			Title: "The last page",
			Files: hello,
			In:    extractIn{source: source{File: "hello.pdf"}, Pages: []string{"last"}, To: "last.pdf"},
			Check: wantPages(1),
		}},
		Run: func(ctx context.Context, env *node.Env, in extractIn) (changedOut, error) {
			return in.change(ctx, env, in.To, model.COLLECT, func(doc *model.Context) (*model.Context, error) {
				pages, err := pageList(in.Pages, doc.PageCount)
				if err != nil {
					return nil, err
				}
				return take(doc, pages)
			})
		},
	})
	node.Register(node.Spec[deleteIn, changedOut]{
		Type:     "pdf.delete_pages",
		Title:    "Delete pages of PDF",
		Doc:      "Removes pages from a PDF file. At least one page must be left. Bookmarks and form fields are left behind.",
		Effect:   node.Once,
		EffectOf: func(in deleteIn) node.Effect { return in.effect(in.File) },
		Examples: []node.Example[deleteIn, changedOut]{{
			Title:   "Without the first and the last page",
			In:      deleteIn{source: source{File: "report.pdf"}, Pages: []string{"1, last"}, target: target{To: "inside.pdf"}},
			DocOnly: "needs a document of several pages",
		}},
		Run: func(ctx context.Context, env *node.Env, in deleteIn) (changedOut, error) {
			return in.change(ctx, env, in.path(in.File), model.REMOVEPAGES, func(doc *model.Context) (*model.Context, error) {
				drop, err := pageList(in.Pages, doc.PageCount)
				if err != nil {
					return nil, err
				}
				set := pageSet(drop)
				return take(doc, slices.DeleteFunc(span(1, doc.PageCount), func(p int) bool { return set[p] }))
			})
		},
	})
	node.Register(node.Spec[rotateIn, changedOut]{
		Type:     "pdf.rotate",
		Title:    "Rotate pages of PDF",
		Doc:      "Turns pages of a PDF file clockwise, on top of how they are turned already.",
		Effect:   node.Once,
		EffectOf: func(in rotateIn) node.Effect { return in.effect(in.File) },
		Examples: []node.Example[rotateIn, changedOut]{{
			Title: "A scan that lies on its side",
			Files: hello,
			In:    rotateIn{source: source{File: "hello.pdf"}, Angle: "90", target: target{To: "turned.pdf"}},
			Check: wantPages(1),
		}},
		Run: func(ctx context.Context, env *node.Env, in rotateIn) (changedOut, error) {
			return in.change(ctx, env, in.path(in.File), model.ROTATE, func(doc *model.Context) (*model.Context, error) {
				pages, err := pageList(in.Pages, doc.PageCount)
				if err != nil {
					return nil, err
				}
				angle := map[string]int{"90": 90, "180": 180, "270": 270}[in.Angle]
				return nil, pdfcpu.RotatePages(doc, pageSet(pages), angle)
			})
		},
	})
	node.Register(node.Spec[optimizeIn, optimizeOut]{
		Type:   "pdf.optimize",
		Title:  "Make PDF smaller",
		Doc:    "Writes a PDF file anew without what is not used and with fonts, images and objects that occur more than once stored once and packed. Pictures keep their quality, so a file of scans hardly becomes smaller.",
		Effect: node.Idempotent,
		Examples: []node.Example[optimizeIn, optimizeOut]{{
			Title: "To another file",
			Files: hello,
			In:    optimizeIn{source: source{File: "hello.pdf"}, target: target{To: "small.pdf"}},
			Check: func(o optimizeOut) error { return wantPages(1)(o.changedOut) },
		}},
		Run: func(ctx context.Context, env *node.Env, in optimizeIn) (optimizeOut, error) {
			info, err := env.Files.Stat(in.File)
			if err != nil {
				return optimizeOut{}, tell(err, in.File)
			}
			made, err := in.change(ctx, env, in.path(in.File), model.OPTIMIZE, func(*model.Context) (*model.Context, error) { return nil, nil })
			return optimizeOut{changedOut: made, SizeBefore: int(info.Size())}, err
		},
	})
}

func wantPages(n int) func(changedOut) error {
	return func(o changedOut) error {
		if o.PageCount != n || o.Size == 0 {
			return errors.New("the file has another number of pages")
		}
		return nil
	}
}

type mergeIn struct {
	Files    []string     `json:"files" doc:"Files to merge, each with all its pages."`
	Parts    []mergePart  `json:"parts" doc:"Files to merge with some of their pages or with a password of their own; they follow those of files."`
	To       string       `json:"to" is:"required" widget:"file" doc:"File to write; one that is there is replaced. It may be one of those merged."`
	Divider  bool         `json:"divider" doc:"Put an empty page between the files."`
	Password vault.Secret `json:"password" doc:"Password of the files that are encrypted."`
	limits
}

type mergePart struct {
	File     string       `json:"file" is:"required" widget:"file" doc:"PDF file."`
	Pages    []string     `json:"pages" doc:"Pages to take, in this order: numbers and ranges such as 1-3, 5, 8- (to the end), last, odd, even, !4 (without page 4). Empty is all."`
	Password vault.Secret `json:"password" doc:"Password of this file; empty takes that of the node."`
}

type extractIn struct {
	source
	Pages []string `json:"pages" is:"required" doc:"Pages to take, in this order: numbers and ranges such as 1-3, 5, 8- (to the end), last, odd, even, !4 (without page 4)."`
	To    string   `json:"to" is:"required" widget:"file" doc:"File to write; one that is there is replaced."`
}

type deleteIn struct {
	source
	Pages []string `json:"pages" is:"required" doc:"Pages to delete: numbers and ranges such as 1-3, 5, 8- (to the end), last, odd, even, !4 (but not page 4)."`
	target
}

type rotateIn struct {
	source
	Angle string   `json:"angle" default:"90" enum:"90,180,270" doc:"By how many degrees to turn the pages clockwise."`
	Pages []string `json:"pages" doc:"Pages to turn: numbers and ranges such as 1-3, 5, 8- (to the end), last, odd, even, !4 (without page 4). Empty is all."`
	target
}

type optimizeIn struct {
	source
	target
}

type optimizeOut struct {
	changedOut
	SizeBefore int `json:"size_before" doc:"Size in bytes of the file that was read."`
}

// merge brings each file to an unencrypted form of the pages wanted first, for
// pdfcpu merges whole files that all have one password.
func merge(ctx context.Context, env *node.Env, in mergeIn) (changedOut, error) {
	parts := make([]mergePart, 0, len(in.Files)+len(in.Parts))
	for _, f := range in.Files {
		parts = append(parts, mergePart{File: f})
	}
	parts = append(parts, in.Parts...)
	total := 0
	docs := make([]io.ReadSeeker, 0, len(parts))
	for i, p := range parts {
		if p.Password.Empty() {
			p.Password = in.Password
		}
		s := source{File: p.File, Password: p.Password, limits: in.limits}
		data, err := s.plainPages(ctx, env, p.Pages)
		if err != nil {
			return changedOut{}, err
		}
		if total += len(data); total > in.MaxSize {
			return changedOut{}, input("raise max_size, or merge in steps", "the files to merge are larger in all than max_size allows")
		}
		docs = append(docs, bytes.NewReader(data))
		env.Progress("reading files", i+1, len(parts))
	}
	s := source{File: parts[0].File, limits: in.limits}
	return s.write(ctx, env, in.To, func(_ io.ReadSeeker, w io.Writer, conf *model.Configuration) (int, error) {
		conf.UserPW, conf.OwnerPW = "", ""
		var b bytes.Buffer
		if err := api.MergeRaw(docs, &b, in.Divider, conf); err != nil {
			return 0, err
		}
		n, err := api.PageCount(bytes.NewReader(b.Bytes()), s.conf())
		if err != nil {
			return 0, err
		}
		_, err = w.Write(b.Bytes())
		return n, err
	})
}

// plainPages returns the document, or some pages of it, without encryption.
func (s source) plainPages(ctx context.Context, env *node.Env, pages []string) ([]byte, error) {
	type result struct{ b []byte }
	got := make(chan result, 1)
	err := s.with(ctx, env, func(rs io.ReadSeeker, conf *model.Configuration) error {
		doc, err := load(rs, conf, model.COLLECT)
		if err != nil {
			return err
		}
		if len(pages) == 0 && doc.Encrypt == nil {
			if _, err := rs.Seek(0, io.SeekStart); err != nil {
				return err
			}
			b, err := io.ReadAll(rs)
			got <- result{b}
			return err
		}
		var b bytes.Buffer
		if len(pages) == 0 {
			// Nothing but the encryption goes.
			if err := withoutEncryption(doc, &b); err != nil {
				return err
			}
		} else {
			list, err := pageList(pages, doc.PageCount)
			if err != nil {
				return err
			}
			part, err := take(doc, list)
			if err != nil {
				return err
			}
			if err := withoutEncryption(part, &b); err != nil {
				return err
			}
		}
		got <- result{b.Bytes()}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return (<-got).b, nil
}

func withoutEncryption(doc *model.Context, w io.Writer) error {
	doc.Encrypt, doc.EncKey, doc.E = nil, nil, nil
	return api.WriteContext(doc, w)
}
