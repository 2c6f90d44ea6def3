package file

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[writeTextIn, writeOut]{
		Type:     "file.write_text",
		Title:    "Write text file",
		Doc:      "Writes text as the whole content of a file. The file is replaced in one step: nobody ever sees half of it, and a full disk leaves the old content. Missing folders are made.",
		Effect:   node.Once,
		EffectOf: func(in writeTextIn) node.Effect { return wholeFile(in.IfExists) },
		Examples: []node.Example[writeTextIn, writeOut]{{
			Title: "Write a note",
			In:    writeTextIn{Path: "out/note.txt", Text: "Grüße\n"},
			Check: wrote(8),
		}, {
			Title: "Write for an old Windows program",
			In:    writeTextIn{Path: "old.txt", Text: "Grüße\n", Encoding: "windows-1252", Newline: "crlf"},
			Check: wrote(7),
		}},
		Run: writeText,
	})
	node.Register(node.Spec[writeLinesIn, writeOut]{
		Type:     "file.write_lines",
		Title:    "Write lines to file",
		Doc:      "Writes a list as the whole content of a file, one element a line. The list may be larger than memory. Elements that are not text are written as JSON. The file is replaced in one step.",
		Effect:   node.Once,
		EffectOf: func(in writeLinesIn) node.Effect { return wholeFile(in.IfExists) },
		Examples: []node.Example[writeLinesIn, writeOut]{{
			Title: "Write names",
			In:    writeLinesIn{Path: "names.txt", Lines: value.RowsOf([]any{"Ada", "Grace"})},
			Check: wrote(10),
		}, {
			Title: "Write rows as JSON lines",
			In:    writeLinesIn{Path: "rows.jsonl", Lines: value.RowsOf([]any{map[string]any{"a": 1}})},
			Check: wrote(8),
		}},
		Run: writeLines,
	})
	node.Register(node.Spec[writeBytesIn, writeOut]{
		Type:     "file.write_bytes",
		Title:    "Write base64 to file",
		Doc:      "Writes bytes given as base64 as the whole content of a file. The file is replaced in one step.",
		Effect:   node.Once,
		EffectOf: func(in writeBytesIn) node.Effect { return wholeFile(in.IfExists) },
		Examples: []node.Example[writeBytesIn, writeOut]{{
			Title: "Write three bytes",
			In:    writeBytesIn{Path: "dot.bin", Base64: "AAH/"},
			Check: wrote(3),
		}, {
			Title: "Write a data URL",
			In:    writeBytesIn{Path: "hi.txt", Base64: "data:text/plain;base64,aGk="},
			Check: wrote(2),
		}},
		Run: writeBytes,
	})
}

func wrote(size int) func(writeOut) error {
	return func(o writeOut) error {
		if !o.Written || o.Size != size || o.Path == "" {
			return fmt.Errorf("got %+v, want %d bytes", o, size)
		}
		return nil
	}
}

// wholeFile is the effect of writing a whole file: repeating it gives the same
// file, unless a file that is there already is an error.
func wholeFile(ifExists string) node.Effect {
	if ifExists == "error" {
		return node.Once
	}
	return node.Idempotent
}

type writeTextIn struct {
	Path      string `json:"path" is:"required" widget:"file" doc:"File to write."`
	Text      string `json:"text" widget:"multiline" doc:"Content of the file."`
	Encoding  string `json:"encoding" default:"utf-8" doc:"How the file encodes characters: a name like utf-8, utf-16le, windows-1252, iso-8859-15 or cp850."`
	Newline   string `json:"newline" default:"keep" enum:"keep,lf,crlf" doc:"How to write line ends: as they are in the text, LF (Linux, Mac) or CRLF (Windows)."`
	BOM       bool   `json:"bom" doc:"Begin with a byte order mark. Excel needs it to read UTF-8."`
	IfExists  string `json:"if_exists" default:"overwrite" enum:"overwrite,skip,error" doc:"What to do when the file is there already."`
	OnInvalid string `json:"on_invalid" default:"error" enum:"error,replace" is:"advanced" doc:"What to do with characters that the encoding lacks: fail, or write a question mark."`
}

type writeOut struct {
	Path    string `json:"path" doc:"Absolute path of the file."`
	Size    int    `json:"size" doc:"How many bytes were written."`
	Written bool   `json:"written" doc:"False if the file was there already and was left as it is."`
}

func writeText(ctx context.Context, env *node.Env, in writeTextIn) (writeOut, error) {
	s := in.Text
	switch in.Newline {
	case "lf":
		s = newlines(s, "\n")
	case "crlf":
		s = newlines(s, "\r\n")
	}
	enc, err := newEncoder(in.Encoding, in.OnInvalid == "replace")
	if err != nil {
		return writeOut{}, err
	}
	b, err := enc.bytes(s)
	if err != nil {
		return writeOut{}, err
	}
	if in.BOM {
		b = append(append([]byte(nil), enc.mark()...), b...)
	}
	return writeWhole(env, in.Path, in.IfExists, func(w io.Writer) error {
		_, err := copyAll(ctx, w, strings.NewReader(string(b)))
		return err
	})
}

type writeLinesIn struct {
	Path      string     `json:"path" is:"required" widget:"file" doc:"File to write."`
	Lines     value.Rows `json:"lines" is:"required" doc:"Elements to write, one a line."`
	Encoding  string     `json:"encoding" default:"utf-8" doc:"How the file encodes characters: a name like utf-8, utf-16le or windows-1252."`
	Newline   string     `json:"newline" default:"lf" enum:"lf,crlf" doc:"How each line ends: LF (Linux, Mac) or CRLF (Windows)."`
	BOM       bool       `json:"bom" doc:"Begin with a byte order mark. Excel needs it to read UTF-8."`
	IfExists  string     `json:"if_exists" default:"overwrite" enum:"overwrite,skip,error" doc:"What to do when the file is there already."`
	OnInvalid string     `json:"on_invalid" default:"error" enum:"error,replace" is:"advanced" doc:"What to do with characters that the encoding lacks: fail, or write a question mark."`
}

func writeLines(ctx context.Context, env *node.Env, in writeLinesIn) (writeOut, error) {
	enc, err := newEncoder(in.Encoding, in.OnInvalid == "replace")
	if err != nil {
		return writeOut{}, err
	}
	return writeWhole(env, in.Path, in.IfExists, func(w io.Writer) error {
		if in.BOM {
			if _, err := w.Write(enc.mark()); err != nil {
				return err
			}
		}
		return putLines(ctx, w, in.Lines, enc, lineEnd(in.Newline))
	})
}

func lineEnd(style string) string {
	if style == "crlf" {
		return "\r\n"
	}
	return "\n"
}

// putLines writes the elements of rows, one a line.
func putLines(ctx context.Context, w io.Writer, rows value.Rows, enc *encoder, nl string) error {
	n := 0
	buf := make([]byte, 0, 64<<10)
	for item, err := range rows.All(ctx) {
		if err != nil {
			return err
		}
		s, err := lineOf(item)
		if err == nil {
			var b []byte
			b, err = enc.bytes(s + nl)
			buf = append(buf, b...)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", n+1, err)
		}
		n++
		if len(buf) >= 32<<10 {
			if _, err := w.Write(buf); err != nil {
				return err
			}
			buf = buf[:0]
		}
	}
	_, err := w.Write(buf)
	return err
}

// lineOf writes an element as one line. Line ends inside text become spaces:
// otherwise one element would be read back as several.
func lineOf(item any) (string, error) {
	switch x := item.(type) {
	case string:
		if strings.ContainsAny(x, "\r\n") {
			x = newlines(x, " ")
		}
		return x, nil
	case int:
		return strconv.Itoa(x), nil
	}
	b, err := value.JSON(item)
	return string(b), err
}

type writeBytesIn struct {
	Path     string `json:"path" is:"required" widget:"file" doc:"File to write."`
	Base64   string `json:"base64" is:"required" doc:"Content in base64, standard or URL alphabet, or a data URL in base64. White space is ignored."`
	IfExists string `json:"if_exists" default:"overwrite" enum:"overwrite,skip,error" doc:"What to do when the file is there already."`
}

func writeBytes(_ context.Context, env *node.Env, in writeBytesIn) (writeOut, error) {
	b, err := decodeBase64(in.Base64)
	if err != nil {
		return writeOut{}, err
	}
	return writeWhole(env, in.Path, in.IfExists, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}

func decodeBase64(s string) ([]byte, error) {
	if strings.HasPrefix(s, "data:") {
		head, data, ok := strings.Cut(s, ",")
		if !ok || !strings.HasSuffix(head, ";base64") {
			return nil, input("give base64 text", "the data URL is not in base64")
		}
		s = data
	}
	s = strings.NewReplacer("-", "+", "_", "/", " ", "", "\t", "", "\r", "", "\n", "", "=", "").Replace(s)
	b, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil {
		return nil, input("give base64 text; for plain text use file.write_text", "the content is not valid base64: %v", err)
	}
	return b, nil
}

// writeWhole writes a file by the rule for one that is there already.
func writeWhole(env *node.Env, path, ifExists string, write func(io.Writer) error) (writeOut, error) {
	if ifExists != "overwrite" && ifExists != "" {
		_, err := env.Files.Stat(path)
		switch {
		case err == nil && ifExists == "skip":
			return writeOut{Path: absolute(env, path)}, nil
		case err == nil:
			return writeOut{}, exists(path)
		case !errors.Is(err, fs.ErrNotExist):
			return writeOut{}, tell(err, "writing "+path, path)
		}
	}
	size := 0
	err := env.Files.WriteAtomic(path, 0o644, func(w io.Writer) error {
		return write(writerFunc(func(p []byte) (int, error) {
			n, err := w.Write(p)
			size += n
			return n, err
		}))
	})
	if err != nil {
		return writeOut{}, tell(err, "writing "+path, path)
	}
	return writeOut{Path: absolute(env, path), Size: size, Written: true}, nil
}

func exists(path string) error {
	return input("choose another name, or set if_exists", "%s exists already", path)
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
