// Package doc holds the nodes that read, fill in, change, make and convert Word
// documents.
//
// Documents of the kind .docx (Word 2007 and later; .docm and .dotx too) are
// handled without Word or another program. What a node does not touch is kept
// byte for byte, so nothing that the program does not understand is lost. Other
// kinds (.doc, .odt, .rtf, .html) are converted by LibreOffice where it is
// installed; see doc.convert.
package doc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/doc/docx"
	"github.com/aether-rpa/aether/workspace"
)

func init() {
	node.RegisterFamily(node.Family{Name: "doc", Title: "Word documents", Doc: "Read, fill in, change, make and convert Word documents."})
}

// source is the document that a node reads.
type source struct {
	File    string `json:"file" is:"required" widget:"file" doc:"Word document (.docx) to read."`
	MaxSize int    `json:"max_size" default:"134217728" min:"1" group:"Limits" is:"advanced" doc:"Most bytes that the text of the document may have once unpacked. The default is 128 MiB."`
}

// target is where a node that changes a document writes it.
type target struct {
	To string `json:"to" widget:"file" doc:"File to write; one that is there is replaced. Empty changes the document itself."`
}

func (t target) effect(file string) node.Effect {
	if t.To == "" || t.To == file {
		return node.Once
	}
	return node.Idempotent
}

func input(hint, format string, args ...any) error {
	return node.Fail(node.KindInput, fmt.Sprintf(format, args...), hint)
}

// with opens the document and calls use with it.
func (s source) with(env *node.Env, use func(*docx.File) error) (err error) {
	f, err := env.Files.Open(s.File)
	if err != nil {
		return tell(err, s.File)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return tell(err, s.File)
	}
	if info.IsDir() {
		return input("give the path of a Word document", "%s is a folder", s.File)
	}
	if info.Size() > 4<<30 {
		return input("use a smaller document", "%s is larger than 4 GiB", s.File)
	}
	// Our own parser should not break, but it is fed by strangers.
	defer func() {
		if p := recover(); p != nil {
			err = input("open the document in Word and save it again", "%s cannot be read: %v", s.File, p)
		}
	}()
	d, err := docx.Open(f, info.Size(), docx.Limits{Part: int64(s.MaxSize), Total: int64(s.MaxSize)})
	if err == nil {
		err = use(d)
	}
	return s.tell(err)
}

// change opens the document, has use change it, and writes it.
func (s source) change(env *node.Env, t target, use func(*docx.File) error) (string, error) {
	to := t.To
	if to == "" {
		to = s.File
	}
	// The document may hold pictures and films of any size, so it is put
	// together on disk. It is read to the end before it may be replaced.
	dir, err := env.TempDir()
	if err != nil {
		return to, fmt.Errorf("making a temporary folder: %w", err)
	}
	made, err := os.CreateTemp(dir, "document-*")
	if err != nil {
		return to, fmt.Errorf("making a temporary file: %w", err)
	}
	defer func() {
		_ = made.Close()
		_ = os.Remove(made.Name())
	}()
	err = s.with(env, func(d *docx.File) error {
		if err := use(d); err != nil {
			return err
		}
		return d.Write(made)
	})
	if err != nil {
		return to, err
	}
	err = env.Files.WriteAtomic(to, 0o644, func(w io.Writer) error {
		if _, err := made.Seek(0, io.SeekStart); err != nil {
			return err
		}
		_, err := io.Copy(w, made)
		return err
	})
	return to, tell(err, to)
}

// tell says what is wrong with the document.
func (s source) tell(err error) error {
	var limit *docx.LimitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &limit):
		return input("raise max_size if the document can be trusted", "%s is too large: %v", s.File, limit)
	case errors.Is(err, docx.ErrEncrypted):
		return input("remove the password in Word, or convert an old .doc file with doc.convert", "%s cannot be read: %v", s.File, err)
	case errors.Is(err, docx.ErrNotDocx):
		hint := "check the file"
		if e := strings.ToLower(filepath.Ext(s.File)); e == ".odt" || e == ".rtf" || e == ".html" || e == ".doc" {
			hint = "convert it to .docx with doc.convert first"
		}
		return input(hint, "%s cannot be read: %v", s.File, err)
	}
	return tell(err, s.File)
}

// tell turns other errors into failures.
func tell(err error, path string) error {
	var f *node.Failure
	var outside *workspace.OutsideError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &f), errors.As(err, &outside), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return node.Fail(node.KindNotFound, path+" does not exist", "check the path; relative paths start in the flow's working folder")
	case errors.Is(err, fs.ErrPermission):
		return node.Fail(node.KindDenied, err.Error(), "check the rights of the file and of its folder")
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return node.Fail(node.KindError, err.Error(), "")
	}
	return input("open the document in Word and save it again", "%s cannot be processed: %v", path, err)
}

// where lists the parts that a node works on.
type where struct {
	Body      bool `json:"body" default:"true" doc:"Include the text itself, with its tables and text boxes."`
	Headers   bool `json:"headers" default:"true" doc:"Include headers and footers."`
	Footnotes bool `json:"footnotes" default:"true" doc:"Include footnotes and endnotes."`
	Comments  bool `json:"comments" doc:"Include comments."`
}

func (w where) parts(d *docx.File) ([]string, error) {
	var out []string
	if w.Body {
		out = append(out, d.Main())
	}
	var kinds []string
	if w.Headers {
		kinds = append(kinds, "header", "footer")
	}
	if w.Footnotes {
		kinds = append(kinds, "footnotes", "endnotes")
	}
	if w.Comments {
		kinds = append(kinds, "comments")
	}
	more, err := d.Related(kinds...)
	return append(out, more...), err
}

// readFile reads another file that a node needs, such as a picture.
func readFile(env *node.Env, path string, most int64) ([]byte, error) {
	f, err := env.Files.Open(path)
	if err != nil {
		return nil, tell(err, path)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(b)) > most {
		err = input("use a smaller file", "%s has more than %d bytes", path, most)
	}
	return b, tell(err, path)
}
