package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[appendTextIn, appendOut]{
		Type:   "file.append_text",
		Title:  "Append text to file",
		Doc:    "Adds text at the end of a file, which is made if it does not exist. The text is on the disk when the node is done; if it does not fit, the file is cut back to what it was.",
		Effect: node.Once,
		Examples: []node.Example[appendTextIn, appendOut]{{
			Title: "Add a line to a log",
			Files: map[string]string{"log.txt": "one\n"},
			In:    appendTextIn{Path: "log.txt", Text: "two\n"},
			Check: appended(4, 8),
		}, {
			Title: "Begin on a new line whatever the file ends with",
			Files: map[string]string{"log.txt": "one"},
			In:    appendTextIn{Path: "log.txt", Text: "two", appendRule: appendRule{FreshLine: true}},
			Check: appended(4, 7),
		}},
		Run: func(ctx context.Context, env *node.Env, in appendTextIn) (appendOut, error) {
			return appendFile(ctx, env, in.Path, in.appendRule, func(w io.Writer, enc *encoder) error {
				s := in.Text
				if in.Newline != "keep" && in.Newline != "" {
					s = newlines(s, lineEnd(in.Newline))
				}
				b, err := enc.bytes(s)
				if err == nil {
					_, err = w.Write(b)
				}
				return err
			})
		},
	})
	node.Register(node.Spec[appendLinesIn, appendOut]{
		Type:   "file.append_lines",
		Title:  "Append lines to file",
		Doc:    "Adds the elements of a list at the end of a file, one a line, beginning on a new line. The list may be larger than memory. Elements that are not text are written as JSON. If the lines do not fit, the file is cut back to what it was.",
		Effect: node.Once,
		Examples: []node.Example[appendLinesIn, appendOut]{{
			Title: "Add two lines",
			Files: map[string]string{"log.txt": "one\n"},
			In:    appendLinesIn{Path: "log.txt", Lines: value.RowsOf([]any{"two", 3})},
			Check: appended(6, 10),
		}, {
			Title: "Start a new file",
			In:    appendLinesIn{Path: "new/log.txt", Lines: value.RowsOf([]any{"one"})},
			Check: appended(4, 4),
		}},
		Run: func(ctx context.Context, env *node.Env, in appendLinesIn) (appendOut, error) {
			in.FreshLine = true
			return appendFile(ctx, env, in.Path, in.appendRule, func(w io.Writer, enc *encoder) error {
				return putLines(ctx, w, in.Lines, enc, lineEnd(in.Newline))
			})
		},
	})
}

func appended(added, size int) func(appendOut) error {
	return func(o appendOut) error {
		if o.Added != added || o.Size != size {
			return fmt.Errorf("got %+v, want %d more bytes and %d in all", o, added, size)
		}
		return nil
	}
}

type appendRule struct {
	Encoding  string `json:"encoding" default:"auto" doc:"How to encode characters: auto takes that of the file, or UTF-8 for a new one."`
	Newline   string `json:"newline" default:"lf" enum:"keep,lf,crlf" doc:"How to write line ends: LF (Linux, Mac), CRLF (Windows), or as they are in the text."`
	FreshLine bool   `json:"fresh_line" doc:"Add a line end first if the file does not end with one."`
	OnInvalid string `json:"on_invalid" default:"error" enum:"error,replace" is:"advanced" doc:"What to do with characters that the encoding lacks: fail, or write a question mark."`
}

type appendTextIn struct {
	Path string `json:"path" is:"required" widget:"file" doc:"File to add to."`
	Text string `json:"text" is:"required" widget:"multiline" doc:"Text to add. No line end is added to it."`
	appendRule
}

type appendLinesIn struct {
	Path  string     `json:"path" is:"required" widget:"file" doc:"File to add to."`
	Lines value.Rows `json:"lines" is:"required" doc:"Elements to add, one a line."`
	appendRule
}

type appendOut struct {
	Path  string `json:"path" doc:"Absolute path of the file."`
	Added int    `json:"added" doc:"How many bytes were added."`
	Size  int    `json:"size" doc:"Size of the file now, in bytes."`
}

func appendFile(ctx context.Context, env *node.Env, path string, rule appendRule, write func(io.Writer, *encoder) error) (appendOut, error) {
	doing := "appending to " + path
	name, err := encodingOf(ctx, env, path, rule.Encoding)
	if err != nil {
		return appendOut{}, err
	}
	enc, err := newEncoder(name, rule.OnInvalid == "replace")
	if err != nil {
		return appendOut{}, err
	}
	if err := env.Files.MkdirAll(filepath.Dir(path)); err != nil {
		return appendOut{}, tell(err, doing, path)
	}
	f, err := env.Files.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return appendOut{}, tell(err, doing, path)
	}
	defer f.Close()
	before, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return appendOut{}, tell(err, doing, path)
	}
	added := 0
	w := writerFunc(func(p []byte) (int, error) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		n, err := f.Write(p)
		added += n
		return n, err
	})
	nl, _ := enc.bytes(lineEnd(rule.Newline))
	if rule.FreshLine && before > 0 && !endsLine(f, before, enc) {
		_, err = w.Write(nl)
	}
	if err == nil {
		err = write(w, enc)
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		err = errors.Join(err, f.Truncate(before))
		return appendOut{}, tell(err, doing, path)
	}
	return appendOut{Path: absolute(env, path), Added: added, Size: int(before) + added}, nil
}

// encodingOf resolves auto to the encoding of the file, or UTF-8 for one that
// is empty or not there.
func encodingOf(ctx context.Context, env *node.Env, path, name string) (string, error) {
	if name != "auto" && name != "" {
		return name, nil
	}
	if info, err := env.Files.Stat(path); err != nil || info.Size() == 0 {
		return "utf-8", nil // whatever is wrong, opening for append will tell
	}
	f, _, err := openFile(env, path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	t, err := decode(ctx, f, "auto", true)
	if err != nil {
		return "", explain(err, path)
	}
	return t.Encoding, nil
}

// endsLine reports whether the file, of the given size, ends with a line end.
func endsLine(f io.ReaderAt, size int64, enc *encoder) bool {
	nl, _ := enc.bytes("\n")
	end := make([]byte, len(nl))
	if size < int64(len(nl)) {
		return false
	}
	if _, err := f.ReadAt(end, size-int64(len(nl))); err != nil {
		return false
	}
	return string(end) == string(nl)
}
