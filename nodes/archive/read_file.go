package archive

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/aether-rpa/aether/node"
)

// errEnough ends a walk early.
var errEnough = errors.New("enough")

func init() {
	node.Register(node.Spec[readFileIn, readFileOut]{
		Type: "archive.read_file", Title: "Read file in archive", Effect: node.Read,
		Doc: "Reads one file of an archive, as text or as bytes in base64, without unpacking the rest. Of several with that path it takes the first.",
		Examples: []node.Example[readFileIn, readFileOut]{{
			Title: "A text", Files: map[string]string{"a.zip": sampleZip},
			In:  readFileIn{Path: "a.zip", Name: "dir/a.txt"},
			Out: readFileOut{Text: "dir/a.txt", Size: 9},
		}, {
			Title: "Bytes", Files: map[string]string{"a.tar": sampleTar},
			In:    readFileIn{Path: "a.tar", Name: "b.txt", As: "base64"},
			Check: func(o readFileOut) error { return wantBytes(o, "Yi50eHQ=") },
		}},
		Run: readFile,
	})
	node.Register(node.Spec[testIn, testOut]{
		Type: "archive.test", Title: "Test archive", Effect: node.Read,
		Doc: "Reads an archive from its start to its end and tells whether it is sound: all entries can be unpacked, the check sums are right, no path leads outside, and the limits hold. An archive that is not sound is an answer, not a failure; one that is not there fails.",
		Examples: []node.Example[testIn, testOut]{{
			Title: "A sound archive", Files: map[string]string{"a.zip": sampleZip},
			In:  testIn{Path: "a.zip"},
			Out: testOut{Valid: true, Files: 2, Size: 14, Format: "zip"},
		}, {
			Title: "Cut short", Files: map[string]string{"a.tar": sampleTar[:700]},
			In: testIn{Path: "a.tar"},
			Check: func(o testOut) error {
				if o.Valid || o.Reason == "" {
					return fmt.Errorf("got %+v", o)
				}
				return nil
			},
		}},
		Run: test,
	})
}

func wantBytes(o readFileOut, b64 string) error {
	if o.Base64 != b64 || o.Text != "" {
		return fmt.Errorf("got %+v", o)
	}
	return nil
}

type readFileIn struct {
	Path     string `json:"path" is:"required" widget:"file" doc:"Archive to read."`
	Name     string `json:"name" is:"required" doc:"Path of the file in the archive, as archive.list shows it."`
	As       string `json:"as" default:"text" enum:"text,base64" doc:"What to return: text, or the bytes in base64."`
	Charset  string `json:"charset" default:"auto" is:"advanced" doc:"How the text encodes characters, such as utf-8, windows-1252 or shift_jis. Auto takes UTF-8 if it is that, else windows-1252."`
	MaxBytes int    `json:"max_bytes" default:"67108864" min:"1" is:"advanced" doc:"Largest file to read, in bytes."`
	readOptions
}

type readFileOut struct {
	Text   string `json:"text" doc:"The text, without a byte order mark; empty for base64."`
	Base64 string `json:"base64" doc:"The bytes in base64; empty for text."`
	Size   int    `json:"size" doc:"Size of the file in bytes."`
}

func readFile(ctx context.Context, env *node.Env, in readFileIn) (out readFileOut, err error) {
	cs, err := charset(in.Charset)
	if err != nil {
		return out, err
	}
	src, err := openArchive(ctx, env, in.Path, in.readOptions)
	if err != nil {
		return out, err
	}
	defer src.Close()
	var content []byte
	err = src.each(func(e *entry) error {
		if e.kind != "file" || e.slashed() != strings.TrimPrefix(strings.ReplaceAll(in.Name, `\`, "/"), "./") {
			return nil
		}
		r, err := e.open()
		if err != nil {
			return err
		}
		defer r.Close()
		if content, err = io.ReadAll(io.LimitReader(ended{ctx, r}, int64(in.MaxBytes)+1)); err != nil {
			return err
		}
		if len(content) > in.MaxBytes {
			return input("raise max_bytes, or unpack it with archive.extract", "%s in the archive has more than %d bytes", in.Name, in.MaxBytes)
		}
		return errEnough
	})
	switch {
	case err == nil:
		return out, node.Fail(node.KindNotFound, fmt.Sprintf("%s holds no file %s", in.Path, in.Name), "archive.list shows what is in it; upper and lower case differ")
	case err != errEnough: //nolint:errorlint // each passes it on as it is
		return out, err
	}
	out.Size = len(content)
	if in.As == "base64" {
		out.Base64 = base64.StdEncoding.EncodeToString(content)
		return out, nil
	}
	if cs == nil && !utf8.Valid(content) {
		cs = charmap.Windows1252
	}
	if cs != nil {
		if content, err = cs.NewDecoder().Bytes(content); err != nil {
			return readFileOut{}, input("check charset, or take base64", "%s is no text in that encoding: %v", in.Name, err)
		}
	}
	out.Text = strings.ToValidUTF8(strings.TrimPrefix(string(content), "\ufeff"), "\ufffd")
	return out, nil
}

type testIn struct {
	Path string `json:"path" is:"required" widget:"file" doc:"Archive to test."`
	readOptions
}

type testOut struct {
	Valid  bool   `json:"valid" doc:"Whether the archive is sound."`
	Reason string `json:"reason" doc:"What is wrong first; empty if nothing is."`
	Files  int    `json:"files" doc:"How many files were read to their end."`
	Size   int    `json:"size" doc:"How many bytes came out."`
	Format string `json:"format" doc:"What kind of archive it is; empty if that cannot be told."`
}

func test(ctx context.Context, env *node.Env, in testIn) (out testOut, err error) {
	src, err := openArchive(ctx, env, in.Path, in.readOptions)
	if err == nil {
		defer src.Close()
		out.Format = src.format
		err = src.each(func(e *entry) error {
			if _, err := safeName(e.name); err != nil || e.kind != "file" {
				return err
			}
			r, err := e.open()
			if err != nil {
				return err
			}
			defer r.Close()
			n, err := copyAll(ctx, io.Discard, r)
			if err == nil {
				out.Files++
				out.Size += int(n)
				env.Progress(e.name, out.Files, 0)
			}
			return err
		})
	}
	var f *node.Failure
	switch {
	case err == nil:
		out.Valid = true
	case errors.As(err, &f) && (f.Kind == node.KindInput || f.Kind == node.KindDenied && src != nil):
		out.Reason = f.Message
	default:
		return testOut{}, err
	}
	return out, nil
}
