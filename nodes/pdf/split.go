package pdf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[splitIn, splitOut]{
		Type:  "pdf.split",
		Title: "Split PDF",
		Doc: "Cuts a PDF file into several: one for each page, for every so many pages, for each range, or for each bookmark of the top level. " +
			"Files that are there are replaced. Bookmarks and form fields are left behind.",
		Effect: node.Idempotent,
		Examples: []node.Example[splitIn, splitOut]{{
			Title: "Every page a file",
			Files: map[string]string{"hello.pdf": helloPDF},
			In:    splitIn{source: source{File: "hello.pdf"}, Folder: "out"},
			Check: func(o splitOut) error {
				if o.Count != 1 || filepath.ToSlash(o.Files[0]) != "out/hello_1.pdf" {
					return errors.New("the file has another name")
				}
				return nil
			},
		}, {
			Title:   "Chapters",
			In:      splitIn{source: source{File: "book.pdf"}, By: "bookmarks", Folder: "chapters", Name: "{n:02} {title}"},
			DocOnly: "needs a document with bookmarks",
		}},
		Check: func(in splitIn) error {
			if in.By == "ranges" && len(in.Ranges) == 0 {
				return input("write one range for each file into ranges", "there are no ranges to split by")
			}
			return checkName(in.Name)
		},
		Run: splitFile,
	})
}

type splitIn struct {
	source
	By     string   `json:"by" default:"pages" enum:"pages,ranges,bookmarks" doc:"What makes a file. pages: every so many pages. ranges: each of ranges. bookmarks: each bookmark of the top level, up to the next one; pages before the first bookmark are a file of their own."`
	Every  int      `json:"every" default:"1" min:"1" when:"by=pages" doc:"How many pages a file gets."`
	Ranges []string `json:"ranges" when:"by=ranges" doc:"Pages of each file, for instance 1-3 in the first item and 4- in the second."`
	Folder string   `json:"folder" is:"required" widget:"folder" doc:"Folder for the files; it is made if it is not there."`
	Name   string   `json:"name" default:"{name}_{n}" is:"raw" doc:"Name of each file: {name} stands for the name of the file split, {n} for the number of the part, {from} and {to} for its first and last page, {title} for its bookmark. {n:03} writes three digits. The ending .pdf is added."`
}

type splitOut struct {
	Files     []string         `json:"files" doc:"Paths of the files written, in order."`
	Parts     []map[string]any `json:"parts" doc:"A row for each file: file, pages (how many), from and to (first and last page) and title."`
	Count     int              `json:"count" doc:"How many files were written."`
	PageCount int              `json:"page_count" doc:"How many pages the document has."`
}

type splitPart struct {
	pages []int
	title string
}

// maxParts bounds how many files a split may make.
const maxParts = 20_000

func splitFile(ctx context.Context, env *node.Env, in splitIn) (splitOut, error) {
	type chunk struct {
		part  splitPart
		data  []byte
		n     int
		count int
	}
	// The parts go through a channel, so that one is held at a time and files
	// are written by this goroutine only.
	chunks := make(chan chunk)
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	failed := make(chan error, 1)
	go func() {
		failed <- in.with(inner, env, func(rs io.ReadSeeker, conf *model.Configuration) error {
			defer close(chunks)
			doc, err := load(rs, conf, model.SPLIT)
			if err != nil {
				return err
			}
			parts, err := in.parts(doc)
			if err != nil {
				return err
			}
			for i, p := range parts {
				one, err := take(doc, p.pages)
				if err != nil {
					return err
				}
				var b bytes.Buffer
				if err := api.WriteContext(one, &b); err != nil {
					return err
				}
				select {
				case chunks <- chunk{p, b.Bytes(), i + 1, doc.PageCount}:
				case <-inner.Done():
					return inner.Err()
				}
				env.Progress("splitting", i+1, len(parts))
			}
			return nil
		})
	}()
	out := splitOut{Files: []string{}, Parts: []map[string]any{}}
	used := map[string]bool{}
	stem := strings.TrimSuffix(filepath.Base(in.File), filepath.Ext(in.File))
	store := func(c chunk) error {
		from, to := c.part.pages[0], c.part.pages[len(c.part.pages)-1]
		name := expand(in.Name, map[string]any{"name": stem, "n": c.n, "page": from, "from": from, "to": to, "title": c.part.title})
		name = unused(name, ".pdf", used)
		file := path.Join(filepath.ToSlash(in.Folder), name)
		err := env.Files.WriteAtomic(file, 0o644, func(w io.Writer) error {
			_, err := w.Write(c.data)
			return err
		})
		if err != nil {
			return tell(err, file)
		}
		out.Files = append(out.Files, file)
		out.Parts = append(out.Parts, map[string]any{"file": file, "pages": len(c.part.pages), "from": from, "to": to, "title": c.part.title})
		out.PageCount = c.count
		return nil
	}
	var failure error
	for waiting := failed; ; {
		select {
		case c, ok := <-chunks:
			if !ok {
				if waiting != nil {
					failure = <-waiting
				}
				out.Count = len(out.Files)
				return out, failure
			}
			if err := store(c); err != nil {
				return out, err
			}
		case failure = <-waiting:
			if failure != nil {
				return out, failure // perhaps it gave up waiting for the parser
			}
			waiting = nil
		}
	}
}

func (in splitIn) parts(doc *model.Context) ([]splitPart, error) {
	var out []splitPart
	switch in.By {
	case "ranges":
		for _, r := range in.Ranges {
			pages, err := pageList([]string{r}, doc.PageCount)
			if err != nil {
				return nil, err
			}
			out = append(out, splitPart{pages: pages})
		}
	case "bookmarks":
		marks, err := pdfcpu.Bookmarks(doc)
		if err != nil {
			return nil, err
		}
		last := 1
		title := ""
		for _, m := range marks {
			if m.PageFrom > last && m.PageFrom <= doc.PageCount {
				out = append(out, splitPart{span(last, m.PageFrom-1), title})
				last = m.PageFrom
			} else if m.PageFrom < last || m.PageFrom > doc.PageCount {
				continue // points backwards or nowhere
			}
			title = m.Title
		}
		if len(marks) == 0 {
			return nil, input("split by pages instead", "%s has no bookmarks to split by", in.File)
		}
		out = append(out, splitPart{span(last, doc.PageCount), title})
	default:
		for p := 1; p <= doc.PageCount; p += in.Every {
			out = append(out, splitPart{pages: span(p, min(p+in.Every-1, doc.PageCount))})
		}
	}
	if len(out) > maxParts {
		return nil, input("put more pages into each file", "the document would become %d files, more than %d", len(out), maxParts)
	}
	return out, nil
}

var placeholder = regexp.MustCompile(`\{([a-z]+)(?::(\d{1,2}))?\}`)

// checkName refuses a pattern whose placeholders are unknown.
func checkName(pattern string) error {
	for _, m := range placeholder.FindAllStringSubmatch(pattern, -1) {
		switch m[1] {
		case "name", "n", "page", "from", "to", "title":
		default:
			return input("use {name}, {n}, {page}, {from}, {to} or {title}", "{%s} in name stands for nothing", m[1])
		}
	}
	if strings.ContainsAny(pattern, "/\\\x00") {
		return input("put the folder into folder", "name is the name of a file and cannot hold a path")
	}
	return nil
}

// expand fills in a pattern for file names. Characters that file systems refuse
// become underscores.
func expand(pattern string, vars map[string]any) string {
	name := placeholder.ReplaceAllStringFunc(pattern, func(s string) string {
		m := placeholder.FindStringSubmatch(s)
		if n, ok := vars[m[1]].(int); ok && m[2] != "" {
			width, _ := strconv.Atoi(m[2])
			return fmt.Sprintf("%0*d", width, n)
		}
		return fmt.Sprint(vars[m[1]])
	})
	name = strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, name)
	name = strings.Trim(name, " .")
	if len(name) > 150 {
		name = strings.ToValidUTF8(name[:150], "")
	}
	if name == "" {
		name = "part"
	}
	return name
}

// unused adds the ending, and a number to a name that was given already.
func unused(name, ext string, used map[string]bool) string {
	if strings.EqualFold(filepath.Ext(name), ext) {
		name = name[:len(name)-len(ext)]
	}
	out := name + ext
	for n := 2; used[strings.ToLower(out)]; n++ {
		out = fmt.Sprintf("%s_%d%s", name, n, ext)
	}
	used[strings.ToLower(out)] = true
	return out
}
