package file

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[readLinesIn, readLinesOut]{
		Type:   "file.read_lines",
		Title:  "Read lines of a file",
		Doc:    "Reads a text file as a list of lines without their line ends. The file may be larger than memory. Line ends may be LF, CRLF or CR, also mixed; a line end at the end of the file does not make one more line.",
		Effect: node.Read,
		Examples: []node.Example[readLinesIn, readLinesOut]{{
			Title: "Read a list of names",
			Files: map[string]string{"names.txt": "Ada\nGrace\r\nLinus"},
			In:    readLinesIn{Path: "names.txt"},
			Out:   readLinesOut{Lines: value.RowsOf([]any{"Ada", "Grace", "Linus"}), Count: 3, Encoding: "utf-8"},
		}, {
			Title: "Skip a heading and empty lines",
			Files: map[string]string{"l.txt": "Name\n\n  Ada  \n\nGrace\n"},
			In:    readLinesIn{Path: "l.txt", From: 2, Trim: true, SkipEmpty: true},
			Out:   readLinesOut{Lines: value.RowsOf([]any{"Ada", "Grace"}), Count: 2, Encoding: "utf-8"},
		}},
		Run: readLines,
	})
}

type readLinesIn struct {
	Path      string `json:"path" is:"required" widget:"file" doc:"File to read."`
	Encoding  string `json:"encoding" default:"auto" doc:"How the file encodes characters: auto, or a name like utf-8, utf-16le, windows-1252 or iso-8859-15."`
	From      int    `json:"from" default:"1" min:"1" doc:"First line to read, counted from 1."`
	Limit     int    `json:"limit" min:"0" doc:"Most lines to return; 0 means all."`
	Trim      bool   `json:"trim" doc:"Remove white space around each line."`
	SkipEmpty bool   `json:"skip_empty" doc:"Leave out lines that are empty, after trimming if trim is set."`
	OnInvalid string `json:"on_invalid" default:"error" enum:"error,replace" is:"advanced" doc:"What to do with bytes that are no text in the encoding: fail, or put the character U+FFFD in their place."`
	MaxLine   int    `json:"max_line" default:"16777216" min:"1" is:"advanced" doc:"Longest line, in bytes. A longer one fails the node: the file is probably not text."`
}

type readLinesOut struct {
	Lines    value.Rows `json:"lines" doc:"The lines."`
	Count    int        `json:"count" doc:"How many lines are returned."`
	Encoding string     `json:"encoding" doc:"Encoding the file was read in."`
}

func readLines(ctx context.Context, env *node.Env, in readLinesIn) (readLinesOut, error) {
	f, _, err := openFile(env, in.Path)
	if err != nil {
		return readLinesOut{}, err
	}
	defer f.Close()
	t, err := decode(ctx, f, in.Encoding, in.OnInvalid == "replace")
	if err != nil {
		return readLinesOut{}, explain(err, in.Path)
	}
	count := 0
	rows, err := env.Rows(ctx, func(yield func(any) bool) error {
		for s := (lineScanner{r: bufio.NewReaderSize(t, 64<<10), max: in.MaxLine}); ; {
			line, err := s.next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return explain(err, in.Path)
			}
			if s.line < in.From {
				continue
			}
			if in.Trim {
				line = strings.TrimSpace(line)
			}
			if in.SkipEmpty && line == "" {
				continue
			}
			if !yield(line) {
				return nil
			}
			if count++; count == in.Limit {
				return nil
			}
		}
	})
	if err != nil {
		return readLinesOut{}, err
	}
	return readLinesOut{Lines: rows, Count: count, Encoding: t.Encoding}, nil
}

// lineScanner cuts text at LF, CRLF and CR.
type lineScanner struct {
	r    *bufio.Reader
	max  int
	line int
	buf  []byte
	cr   bool // the last line ended in CR: a LF that follows belongs to it
}

// next returns the next line; after the last one the error is io.EOF.
func (s *lineScanner) next() (string, error) {
	s.buf = s.buf[:0]
	for {
		if _, err := s.r.Peek(1); err != nil {
			if errors.Is(err, io.EOF) && len(s.buf) > 0 {
				s.line++
				return string(s.buf), nil
			}
			return "", err
		}
		chunk, _ := s.r.Peek(s.r.Buffered())
		if s.cr {
			s.cr = false
			if chunk[0] == '\n' {
				_, _ = s.r.Discard(1)
				continue
			}
		}
		i := indexLineEnd(chunk)
		if i < 0 {
			s.buf = append(s.buf, chunk...)
			_, _ = s.r.Discard(len(chunk))
		} else {
			s.buf = append(s.buf, chunk[:i]...)
			s.cr = chunk[i] == '\r'
			_, _ = s.r.Discard(i + 1)
		}
		if len(s.buf) > s.max {
			return "", input("raise max_line if the file really is text", "line %d is longer than %d bytes", s.line+1, s.max)
		}
		if i >= 0 {
			s.line++
			return string(s.buf), nil
		}
	}
}

func indexLineEnd(b []byte) int {
	for i, c := range b {
		if c == '\n' || c == '\r' {
			return i
		}
	}
	return -1
}
