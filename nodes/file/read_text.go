package file

import (
	"context"
	"io"
	"strings"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[readTextIn, readTextOut]{
		Type:   "file.read_text",
		Title:  "Read text file",
		Doc:    "Reads a whole file as text. The encoding is found out unless given: a byte order mark decides, else UTF-8 if all of the file is valid UTF-8, else windows-1252. A byte order mark is not part of the text. Use `file.read_lines` for files that may be huge.",
		Effect: node.Read,
		Examples: []node.Example[readTextIn, readTextOut]{{
			Title: "Read a note",
			Files: map[string]string{"note.txt": "Grüße\n"},
			In:    readTextIn{Path: "note.txt"},
			Out:   readTextOut{Text: "Grüße\n", Encoding: "utf-8", Size: 8},
		}, {
			Title: "Read a file from an old Windows program",
			Files: map[string]string{"old.txt": "Gr\xfc\xdfe\r\n"},
			In:    readTextIn{Path: "old.txt", Newline: "lf"},
			Out:   readTextOut{Text: "Grüße\n", Encoding: "windows-1252", Size: 7},
		}},
		Run: readText,
	})
}

type readTextIn struct {
	Path      string `json:"path" is:"required" widget:"file" doc:"File to read."`
	Encoding  string `json:"encoding" default:"auto" doc:"How the file encodes characters: auto, or a name like utf-8, utf-16le, windows-1252, iso-8859-15, cp850 or shift_jis."`
	Newline   string `json:"newline" default:"keep" enum:"keep,lf" doc:"What to do with line ends: keep them, or turn all into a line feed."`
	OnInvalid string `json:"on_invalid" default:"error" enum:"error,replace" is:"advanced" doc:"What to do with bytes that are no text in the encoding: fail, or put the character U+FFFD in their place."`
	MaxSize   int    `json:"max_size" default:"67108864" min:"1" is:"advanced" doc:"Largest file to read, in bytes. A larger one fails the node."`
}

type readTextOut struct {
	Text     string `json:"text" doc:"Content of the file."`
	Encoding string `json:"encoding" doc:"Encoding the file was read in."`
	BOM      bool   `json:"bom" doc:"Whether the file began with a byte order mark."`
	Size     int    `json:"size" doc:"Size of the file in bytes."`
}

func readText(ctx context.Context, env *node.Env, in readTextIn) (readTextOut, error) {
	f, info, err := openFile(env, in.Path)
	if err != nil {
		return readTextOut{}, err
	}
	defer f.Close()
	if info.Size() > int64(in.MaxSize) {
		return readTextOut{}, tooLarge(in.Path, info.Size(), in.MaxSize)
	}
	t, err := decode(ctx, f, in.Encoding, in.OnInvalid == "replace")
	if err != nil {
		return readTextOut{}, explain(err, in.Path)
	}
	// A file may grow while it is read; UTF-8 takes at most three bytes for
	// what any encoding says in one.
	b, err := io.ReadAll(io.LimitReader(t, 3*int64(in.MaxSize)+1))
	if err != nil {
		return readTextOut{}, explain(err, in.Path)
	}
	if int64(len(b)) > 3*int64(in.MaxSize) {
		return readTextOut{}, tooLarge(in.Path, int64(len(b)), in.MaxSize)
	}
	s := string(b)
	if in.Newline == "lf" {
		s = newlines(s, "\n")
	}
	return readTextOut{Text: s, Encoding: t.Encoding, BOM: t.BOM, Size: int(info.Size())}, nil
}

func tooLarge(path string, size int64, limit int) error {
	return input("raise max_size, or read it piece by piece with file.read_lines", "%s has %d bytes, more than the limit of %d", path, size, limit)
}

// newlines writes all line ends as nl.
func newlines(s, nl string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.ReplaceAll(s, "\r", "\n")
	if nl != "\n" {
		s = strings.ReplaceAll(s, "\n", nl)
	}
	return s
}
