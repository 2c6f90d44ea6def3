package pdf

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/pdf/pdfium"
)

func init() {
	node.Register(node.Spec[infoIn, infoOut]{
		Type:  "pdf.info",
		Title: "Describe PDF",
		Doc: "Tells what a PDF file is: its pages and their sizes, title, author and dates, whether it is encrypted, what it permits, whether it has a form, attachments or signatures. " +
			"A file that needs a password and gets none or a wrong one is no error here: locked is then true and little else is known.",
		Effect: node.Read,
		Examples: []node.Example[infoIn, infoOut]{{
			Title: "A small file",
			Files: map[string]string{"hello.pdf": helloPDF},
			In:    infoIn{source: source{File: "hello.pdf"}},
			Check: func(o infoOut) error {
				if o.PageCount != 1 || o.Version != "1.4" || o.Pages[0]["width"] != 300 || o.Encrypted {
					return errors.New("the file was not described")
				}
				return nil
			},
		}},
		Run: info,
	})
	node.Register(node.Spec[bookmarksIn, bookmarksOut]{
		Type:   "pdf.read_bookmarks",
		Title:  "Read bookmarks of PDF",
		Doc:    "Reads the bookmarks, the outline that viewers show beside the pages, of a PDF file.",
		Effect: node.Read,
		Examples: []node.Example[bookmarksIn, bookmarksOut]{{
			Title: "A file without bookmarks",
			Files: map[string]string{"hello.pdf": helloPDF},
			In:    bookmarksIn{source: source{File: "hello.pdf"}},
			Out:   bookmarksOut{Bookmarks: []map[string]any{}},
		}},
		Run: bookmarks,
	})
}

type infoIn struct{ source }

type infoOut struct {
	PageCount   int              `json:"page_count" doc:"How many pages it has."`
	Version     string           `json:"version" doc:"Version of the format, for instance 1.7."`
	Title       string           `json:"title" doc:"Title of the document."`
	Author      string           `json:"author" doc:"Who wrote it."`
	Subject     string           `json:"subject" doc:"What it is about."`
	Keywords    []string         `json:"keywords" doc:"Keywords."`
	Creator     string           `json:"creator" doc:"Program it was written with."`
	Producer    string           `json:"producer" doc:"Program that made the PDF."`
	Created     string           `json:"created" doc:"When it was made, ISO 8601; empty if it does not say."`
	Modified    string           `json:"modified" doc:"When it was last changed, ISO 8601; empty if it does not say."`
	Encrypted   bool             `json:"encrypted" doc:"Whether it is encrypted."`
	Locked      bool             `json:"locked" doc:"Whether it could not be opened for want of the password."`
	Permissions []string         `json:"permissions" doc:"What the file permits to those who have only the user password: print, copy, annotate, fill_forms, modify, assemble."`
	Pages       []map[string]any `json:"pages" doc:"A row for each page, at most 10000: page, width and height in points as shown, and rotation."`
	HasForm     bool             `json:"has_form" doc:"Whether it has form fields."`
	Signed      bool             `json:"signed" doc:"Whether it has digital signatures. They are not verified."`
	Tagged      bool             `json:"tagged" doc:"Whether it is tagged for screen readers."`
	Bookmarks   bool             `json:"bookmarks" doc:"Whether it has bookmarks."`
	Attachments []string         `json:"attachments" doc:"Names of attached files."`
	Damaged     bool             `json:"damaged" doc:"Whether it breaks the rules of the format so much that only the tolerant reader could open it."`
	Size        int              `json:"size" doc:"Size of the file in bytes."`
}

// maxInfoPages bounds the pages described.
const maxInfoPages = 10_000

func info(ctx context.Context, env *node.Env, in infoIn) (infoOut, error) {
	stat, err := env.Files.Stat(in.File)
	if err != nil {
		return infoOut{}, tell(err, in.File)
	}
	made := make(chan infoOut, 1)
	err = in.with(ctx, env, func(rs io.ReadSeeker, conf *model.Configuration) error {
		o, err := describe(rs, conf)
		if err == nil {
			made <- o
		}
		return err
	})
	var out infoOut
	switch f := node.AsFailure(orNil(err)); {
	case err == nil:
		out = <-made
	case ctx.Err() != nil:
		return out, err
	case f.Kind == node.KindDenied:
		out = infoOut{Encrypted: true, Locked: true}
	case f.Kind == node.KindInput:
		// pdfcpu is strict; PDFium opens nearly everything that viewers open.
		if err := in.read(ctx, env, func(_ context.Context, d *pdfium.Doc) error { return out.fromPDFium(d) }); err != nil {
			return infoOut{}, err
		}
		out.Damaged = true
	default:
		return out, err
	}
	out.Size = int(stat.Size())
	if out.Pages == nil {
		out.Pages = []map[string]any{}
	}
	return out, nil
}

// orNil keeps AsFailure from being asked about no error.
func orNil(err error) error {
	if err == nil {
		return errors.New("none")
	}
	return err
}

func describe(rs io.ReadSeeker, conf *model.Configuration) (infoOut, error) {
	doc, err := validated(rs, conf, model.LISTINFO)
	if err != nil {
		return infoOut{}, err
	}
	i, err := pdfcpu.Info(doc, "", nil, false)
	if err != nil {
		return infoOut{}, err
	}
	o := infoOut{
		PageCount: i.PageCount, Version: i.Version, Title: i.Title, Author: i.Author, Subject: i.Subject, Keywords: i.Keywords,
		Creator: i.Creator, Producer: i.Producer, Created: isoDate(i.CreationDate), Modified: isoDate(i.ModificationDate),
		Encrypted: i.Encrypted, Permissions: permissionNames(-1), HasForm: i.Form, Signed: i.Signatures, Tagged: i.Tagged, Bookmarks: i.Outlines,
	}
	if i.Encrypted {
		o.Permissions = permissionNames(i.Permissions)
	}
	for _, a := range i.Attachments {
		o.Attachments = append(o.Attachments, a.FileName)
	}
	bounds, err := doc.PageBoundaries(nil)
	if err != nil {
		return infoOut{}, err
	}
	for n, b := range bounds[:min(len(bounds), maxInfoPages)] {
		box := b.CropBox()
		if box == nil {
			box = b.MediaBox()
		}
		if box == nil {
			box = types.RectForFormat("Letter")
		}
		w, h := box.Width(), box.Height()
		if b.Rot%180 != 0 {
			w, h = h, w
		}
		o.Pages = append(o.Pages, map[string]any{"page": n + 1, "width": round(w), "height": round(h), "rotation": ((b.Rot % 360) + 360) % 360})
	}
	return o, nil
}

func (o *infoOut) fromPDFium(d *pdfium.Doc) error {
	*o = infoOut{
		PageCount: d.Pages(), Version: d.Version(), Title: d.Meta("Title"), Author: d.Meta("Author"), Subject: d.Meta("Subject"),
		Creator: d.Meta("Creator"), Producer: d.Meta("Producer"), Created: isoDate(d.Meta("CreationDate")), Modified: isoDate(d.Meta("ModDate")),
		HasForm: d.HasForm(),
	}
	for _, k := range strings.FieldsFunc(d.Meta("Keywords"), func(r rune) bool { return r == ',' || r == ';' }) {
		o.Keywords = append(o.Keywords, strings.TrimSpace(k))
	}
	var flags int
	o.Encrypted, flags = d.Encrypted()
	o.Permissions = permissionNames(flags)
	for p := 1; p <= min(d.Pages(), maxInfoPages); p++ {
		w, h, err := d.Size(p)
		if err != nil {
			return err
		}
		r, err := d.Rotation(p)
		if err != nil {
			return err
		}
		o.Pages = append(o.Pages, map[string]any{"page": p, "width": round(w), "height": round(h), "rotation": r})
	}
	return nil
}

// isoDate turns a date of PDF, D:20260131120000+01'00', into ISO 8601; what
// cannot be understood becomes "".
func isoDate(s string) string {
	s = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(s), "D:"))
	for _, l := range []string{time.RFC3339, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(l, s); err == nil {
			return t.Format(time.RFC3339)
		}
	}
	digits, zone := s, ""
	if i := strings.IndexAny(s, "Zz+-"); i >= 0 {
		digits, zone = s[:i], strings.NewReplacer("'", "", ":", "").Replace(s[i:])
	}
	const full = "20060102150405"
	if len(digits) < 4 || len(digits) > len(full) || len(digits)%2 != 0 {
		return ""
	}
	digits += "00000101000000"[len(digits):]
	switch {
	case zone == "" || zone[0] == 'Z' || zone[0] == 'z':
		zone = "+0000"
	case len(zone) == 3:
		zone += "00"
	}
	t, err := time.Parse(full+"-0700", digits+zone)
	if err != nil {
		return ""
	}
	return t.Format(time.RFC3339)
}

type bookmarksIn struct{ source }

type bookmarksOut struct {
	Bookmarks []map[string]any `json:"bookmarks" doc:"A row for each bookmark, from the first to the last: title, page, level (1 is the top), and path, the titles above it and its own joined by /."`
	Count     int              `json:"count" doc:"How many there are."`
}

func bookmarks(ctx context.Context, env *node.Env, in bookmarksIn) (bookmarksOut, error) {
	made := make(chan []map[string]any, 1)
	err := in.with(ctx, env, func(rs io.ReadSeeker, conf *model.Configuration) error {
		doc, err := load(rs, conf, model.LISTBOOKMARKS)
		if err != nil {
			return err
		}
		rows := []map[string]any{}
		if len(doc.Outlines) > 0 {
			marks, err := pdfcpu.Bookmarks(doc)
			if err != nil {
				return err
			}
			bookmarkRows(&rows, marks, 1, "")
		}
		made <- rows
		return nil
	})
	if err != nil {
		return bookmarksOut{}, err
	}
	rows := <-made
	return bookmarksOut{Bookmarks: rows, Count: len(rows)}, nil
}

func bookmarkRows(out *[]map[string]any, marks []pdfcpu.Bookmark, level int, above string) {
	for _, m := range marks {
		path := above + m.Title
		*out = append(*out, map[string]any{"title": m.Title, "page": m.PageFrom, "level": level, "path": path})
		if level < 50 {
			bookmarkRows(out, m.Kids, level+1, path+"/")
		}
	}
}
