package pdf

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[extractFilesIn, extractFilesOut]{
		Type:   "pdf.extract_attachments",
		Title:  "Extract attachments of PDF",
		Doc:    "Writes the files attached to a PDF file, such as the XML of an electronic invoice (ZUGFeRD, Factur-X), to a folder. Files that are there are replaced. The names come from the PDF; what could lead out of the folder is taken off them.",
		Effect: node.Idempotent,
		Examples: []node.Example[extractFilesIn, extractFilesOut]{{
			Title: "A file without attachments",
			Files: map[string]string{"hello.pdf": helloPDF},
			In:    extractFilesIn{source: source{File: "hello.pdf"}, Folder: "out"},
			Out:   extractFilesOut{Files: []string{}, Attachments: []map[string]any{}},
		}},
		Run: extractFiles,
	})
	node.Register(node.Spec[attachIn, changedOut]{
		Type:     "pdf.add_attachments",
		Title:    "Attach files to PDF",
		Doc:      "Attaches files to a PDF file, as a mail has attachments.",
		Effect:   node.Once,
		EffectOf: func(in attachIn) node.Effect { return in.effect(in.File) },
		Examples: []node.Example[attachIn, changedOut]{{
			Title: "The data behind a report",
			Files: map[string]string{"hello.pdf": helloPDF, "data.csv": "a,b\n1,2\n"},
			In:    attachIn{source: source{File: "hello.pdf"}, Attach: []string{"data.csv"}, target: target{To: "with.pdf"}},
			Check: func(o changedOut) error {
				if o.Size == 0 {
					return errors.New("nothing was written")
				}
				return nil
			},
		}},
		Run: attach,
	})
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

type extractFilesIn struct {
	source
	Names  []string `json:"names" doc:"Names of the attachments to take. Empty is all."`
	Folder string   `json:"folder" is:"required" widget:"folder" doc:"Folder for the files; it is made if it is not there."`
}

type extractFilesOut struct {
	Files       []string         `json:"files" doc:"Paths of the files written."`
	Attachments []map[string]any `json:"attachments" doc:"A row for each: file, name as in the PDF, description, and size in bytes."`
	Count       int              `json:"count" doc:"How many files were written."`
}

func extractFiles(ctx context.Context, env *node.Env, in extractFilesIn) (extractFilesOut, error) {
	type content struct {
		model.Attachment
		data []byte
	}
	made := make(chan []content, 1)
	err := in.with(ctx, env, func(rs io.ReadSeeker, conf *model.Configuration) error {
		doc, err := validated(rs, conf, model.EXTRACTATTACHMENTS)
		if err != nil {
			return err
		}
		list, err := doc.ListAttachments()
		if err != nil {
			return err
		}
		if len(list) == 0 {
			made <- nil
			return nil
		}
		all, err := doc.ExtractAttachments(nil)
		if err != nil {
			return err
		}
		var out []content
		total := 0
		for _, a := range all {
			if len(in.Names) > 0 && !slices.Contains(in.Names, a.FileName) || a.Reader == nil {
				continue
			}
			b, err := io.ReadAll(io.LimitReader(a, int64(in.MaxSize)+1))
			if err != nil {
				return err
			}
			if total += len(b); total > in.MaxSize {
				return input("raise max_size if the file can be trusted", "the attachments of %s are larger than max_size allows", in.File)
			}
			out = append(out, content{a, b})
		}
		made <- out
		return nil
	})
	out := extractFilesOut{Files: []string{}, Attachments: []map[string]any{}}
	if err != nil {
		return out, err
	}
	used := map[string]bool{}
	for _, a := range <-made {
		base := path.Base(strings.ReplaceAll(a.FileName, `\`, "/"))
		ext := filepath.Ext(base)
		name := unused(expand(strings.TrimSuffix(base, ext), nil), expandExt(ext), used)
		file := path.Join(filepath.ToSlash(in.Folder), name)
		err := env.Files.WriteAtomic(file, 0o644, func(w io.Writer) error {
			_, err := w.Write(a.data)
			return err
		})
		if err != nil {
			return out, tell(err, file)
		}
		out.Files = append(out.Files, file)
		out.Attachments = append(out.Attachments, map[string]any{"file": file, "name": a.FileName, "description": a.Desc, "size": len(a.data)})
	}
	out.Count = len(out.Files)
	return out, nil
}

// expandExt makes an ending harmless.
func expandExt(ext string) string {
	if ext == "" {
		return ""
	}
	return "." + expand(strings.TrimPrefix(ext, "."), nil)
}

type attachIn struct {
	source
	Attach      []string `json:"attach" is:"required" doc:"Files to attach."`
	Description string   `json:"description" doc:"Description of the attachments."`
	target
}

func attach(ctx context.Context, env *node.Env, in attachIn) (changedOut, error) {
	type file struct {
		name string
		data []byte
		time time.Time
	}
	if len(in.Attach) == 0 {
		return changedOut{}, input("name at least one file in attach", "there is nothing to attach")
	}
	files := make([]file, 0, len(in.Attach))
	for _, p := range in.Attach {
		b, err := in.other(env, p)
		if err != nil {
			return changedOut{}, err
		}
		info, err := env.Files.Stat(p)
		if err != nil {
			return changedOut{}, tell(err, p)
		}
		files = append(files, file{filepath.Base(p), b, info.ModTime()})
	}
	return in.change(ctx, env, in.path(in.File), model.ADDATTACHMENTS, func(doc *model.Context) (*model.Context, error) {
		for _, f := range files {
			a := model.Attachment{Reader: bytes.NewReader(f.data), ID: f.name, FileName: f.name, Desc: in.Description, ModTime: &f.time}
			if err := doc.AddAttachment(a, false); err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
}
