package ocr

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"

	"github.com/aether-rpa/aether/node"
)

func init() {
	// Else pdfcpu would keep settings in the home folder.
	api.DisableConfigDir()
	node.Register(node.Spec[searchIn, searchOut]{
		Type:   "ocr.make_searchable_pdf",
		Title:  "Make scan searchable",
		Doc:    "Makes a PDF file of a picture or scan that looks the same and holds the text that Tesseract reads behind it, so that it can be searched and copied. Each page is drawn anew at dpi, so text, links and form fields of a PDF that had them become part of the picture.",
		Effect: node.Idempotent,
		Examples: []node.Example[searchIn, searchOut]{{
			Title:   "A scan",
			In:      searchIn{source: source{File: "scan.pdf"}, To: "searchable.pdf"},
			DocOnly: "needs Tesseract and a scan",
		}},
		Check: func(in searchIn) error { return in.check() },
		Run:   makeSearchable,
	})
	node.Register(node.Spec[languagesIn, languagesOut]{
		Type:   "ocr.list_languages",
		Title:  "List languages for OCR",
		Doc:    "Lists the languages that Tesseract has trained data for on this machine, and its version.",
		Effect: node.Read,
		Examples: []node.Example[languagesIn, languagesOut]{{
			Title:   "What is installed",
			DocOnly: "needs Tesseract",
		}},
		Run: listLanguages,
	})
}

type searchIn struct {
	source
	To string `json:"to" is:"required" widget:"file" doc:"PDF file to write; one that is there is replaced."`
	engine
}

type searchOut struct {
	File      string `json:"file" doc:"Path of the file written."`
	PageCount int    `json:"page_count" doc:"How many pages it has."`
	Size      int    `json:"size" doc:"Its size in bytes."`
}

// maxSearchable bounds the result, which is put together in memory.
const maxSearchable = 512 << 20

func makeSearchable(ctx context.Context, env *node.Env, in searchIn) (searchOut, error) {
	out := searchOut{File: in.To}
	program, err := in.find(env)
	if err != nil {
		return out, err
	}
	args, err := in.args(env)
	if err != nil {
		return out, err
	}
	var pages []io.ReadSeeker
	total := 0
	err = in.each(ctx, env, func(p picturePage) error {
		call := append([]string{p.file, filepath.Join(p.dir, "page")}, args...)
		call = append(call, p.resolution()...)
		if _, err := in.run(ctx, env, program, p.dir, p.what, append(call, "pdf")...); err != nil {
			return err
		}
		b, err := os.ReadFile(filepath.Join(p.dir, "page.pdf"))
		if err != nil {
			return fmt.Errorf("reading what Tesseract made of %s: %w", p.what, err)
		}
		if total += len(b); total > maxSearchable {
			return input("make several files, or lower dpi", "the file would be larger than 512 MiB")
		}
		pages = append(pages, bytes.NewReader(b))
		return nil
	})
	if err != nil {
		return out, err
	}
	if len(pages) == 0 {
		return out, input("name at least one page", "there are no pages to read")
	}
	merged, err := merge(pages)
	if err != nil {
		return out, node.Fail(node.KindError, "the pages could not be put together: "+err.Error(), "")
	}
	out.PageCount, out.Size = len(pages), len(merged)
	err = env.Files.WriteAtomic(in.To, 0o644, func(w io.Writer) error {
		_, err := w.Write(merged)
		return err
	})
	return out, tell(err, in.To)
}

// merge puts the pages together. They come from Tesseract, so a defect in them
// is not the fault of the user's file.
func merge(pages []io.ReadSeeker) (b []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the PDF library broke: %v", p)
		}
	}()
	conf := model.NewDefaultConfiguration()
	conf.Offline = true
	var out bytes.Buffer
	if err := api.MergeRaw(pages, &out, false, conf); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

type languagesIn struct {
	Program string `json:"program" is:"advanced" doc:"Tesseract to use: its name or path. Empty looks for tesseract in PATH and in the usual places."`
	Data    string `json:"data_folder" is:"advanced" widget:"folder" doc:"Folder with trained data (.traineddata) instead of that of the machine."`
}

type languagesOut struct {
	Languages []string `json:"languages" doc:"Languages that can be given, such as eng and deu. osd is no language but finds out how a page lies."`
	Version   string   `json:"version" doc:"Version of Tesseract, for instance 5.3.0."`
}

func listLanguages(ctx context.Context, env *node.Env, in languagesIn) (languagesOut, error) {
	e := engine{Program: in.Program, Data: in.Data, Language: "eng", Mode: "auto", Timeout: 30 * time.Second, Memory: 1 << 30}
	program, err := e.find(env)
	if err != nil {
		return languagesOut{}, err
	}
	dir, err := tempDir(env)
	if err != nil {
		return languagesOut{}, err
	}
	defer os.RemoveAll(dir)
	args := []string{"--list-langs"}
	if in.Data != "" {
		abs, err := env.Files.Abs(in.Data)
		if err != nil {
			return languagesOut{}, tell(err, in.Data)
		}
		args = append([]string{"--tessdata-dir", abs}, args...)
	}
	list, err := e.run(ctx, env, program, dir, "the list of languages", args...)
	if err != nil {
		return languagesOut{}, err
	}
	out := languagesOut{Languages: []string{}}
	for i, l := range strings.Split(list, "\n") {
		if l = strings.TrimSpace(l); i > 0 && l != "" {
			out.Languages = append(out.Languages, l)
		}
	}
	slices.Sort(out.Languages)
	version, err := e.run(ctx, env, program, dir, "the version", "--version")
	if err != nil && !errors.Is(err, context.Canceled) {
		return out, nil // an old one prints it elsewhere
	}
	if f := strings.Fields(version); len(f) > 1 {
		out.Version = strings.TrimPrefix(f[1], "v")
	}
	return out, nil
}
