package file

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[readJSONIn, readJSONOut]{
		Type:   "file.read_json",
		Title:  "Read JSON file",
		Doc:    "Reads a file that holds one JSON document. The whole document is held in memory; for lists of any length use a JSON Lines file with `file.read_json_lines`.",
		Effect: node.Read,
		Examples: []node.Example[readJSONIn, readJSONOut]{{
			Title: "Read settings",
			Files: map[string]string{"s.json": `{"limit": 10, "names": ["Ada"]}`},
			In:    readJSONIn{Path: "s.json"},
			Out:   readJSONOut{Value: map[string]any{"limit": 10, "names": []any{"Ada"}}},
		}},
		Run: readJSON,
	})
	node.Register(node.Spec[writeJSONIn, writeOut]{
		Type:     "file.write_json",
		Title:    "Write JSON file",
		Doc:      "Writes a value as a JSON file with sorted keys. The file is replaced in one step.",
		Effect:   node.Once,
		EffectOf: func(in writeJSONIn) node.Effect { return wholeFile(in.IfExists) },
		Examples: []node.Example[writeJSONIn, writeOut]{{
			Title: "Write a map",
			In:    writeJSONIn{Path: "a.json", Value: map[string]any{"b": 1, "a": "ü"}},
			Check: wrote(len("{\n  \"a\": \"ü\",\n  \"b\": 1\n}\n")),
		}, {
			Title: "On one line",
			In:    writeJSONIn{Path: "a.json", Value: []any{1, nil}, Compact: true},
			Check: wrote(len("[1,null]\n")),
		}},
		Run: writeJSON,
	})
	node.Register(node.Spec[readJSONLinesIn, readJSONLinesOut]{
		Type:   "file.read_json_lines",
		Title:  "Read JSON Lines file",
		Doc:    "Reads a file with one JSON value a line (JSONL, NDJSON) as a list. The file may be larger than memory. Empty lines are left out.",
		Effect: node.Read,
		Examples: []node.Example[readJSONLinesIn, readJSONLinesOut]{{
			Title: "Read rows",
			Files: map[string]string{"rows.jsonl": "{\"a\":1}\n\n{\"a\":2}\n"},
			In:    readJSONLinesIn{Path: "rows.jsonl"},
			Out:   readJSONLinesOut{Rows: value.RowsOf([]any{map[string]any{"a": 1}, map[string]any{"a": 2}}), Count: 2},
		}, {
			Title: "Leave bad lines out",
			Files: map[string]string{"rows.jsonl": "1\n{bad\n2\n"},
			In:    readJSONLinesIn{Path: "rows.jsonl", SkipInvalid: true},
			Out:   readJSONLinesOut{Rows: value.RowsOf([]any{1, 2}), Count: 2, Skipped: 1},
		}},
		Run: readJSONLines,
	})
	node.Register(node.Spec[writeJSONLinesIn, writeOut]{
		Type:     "file.write_json_lines",
		Title:    "Write JSON Lines file",
		Doc:      "Writes a list as a file with one JSON value a line (JSONL, NDJSON). The list may be larger than memory. The file is replaced in one step.",
		Effect:   node.Once,
		EffectOf: func(in writeJSONLinesIn) node.Effect { return wholeFile(in.IfExists) },
		Examples: []node.Example[writeJSONLinesIn, writeOut]{{
			Title: "Write rows",
			In:    writeJSONLinesIn{Path: "rows.jsonl", Rows: value.RowsOf([]any{map[string]any{"a": 1}, "text"})},
			Check: wrote(15),
		}},
		Run: writeJSONLines,
	})
}

type readJSONIn struct {
	Path    string `json:"path" is:"required" widget:"file" doc:"File to read."`
	MaxSize int    `json:"max_size" default:"67108864" min:"1" is:"advanced" doc:"Largest file to read, in bytes."`
}

type readJSONOut struct {
	Value any `json:"value" doc:"Content of the file."`
}

func readJSON(ctx context.Context, env *node.Env, in readJSONIn) (readJSONOut, error) {
	s, err := readText(ctx, env, readTextIn{Path: in.Path, Encoding: "auto", MaxSize: in.MaxSize})
	if err != nil {
		return readJSONOut{}, err
	}
	v, err := value.Parse([]byte(s.Text))
	if err != nil {
		return readJSONOut{}, badJSON(in.Path, s.Text, err)
	}
	return readJSONOut{Value: v}, nil
}

// badJSON says in which line a document is wrong.
func badJSON(path, text string, err error) error {
	at := -1
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		at = int(syntax.Offset)
	}
	where := path
	if at >= 0 && at <= len(text) {
		where = fmt.Sprintf("%s, line %d", path, strings.Count(text[:at], "\n")+1)
	}
	if strings.TrimSpace(text) == "" {
		return input("check that the file was written completely", "%s is empty, not JSON", path)
	}
	return input("correct the file; comments and trailing commas are not JSON", "%s is not valid JSON: %v", where, err)
}

type writeJSONIn struct {
	Path     string `json:"path" is:"required" widget:"file" doc:"File to write."`
	Value    any    `json:"value" doc:"Value to write."`
	Compact  bool   `json:"compact" doc:"Write everything on one line."`
	IfExists string `json:"if_exists" default:"overwrite" enum:"overwrite,skip,error" doc:"What to do when the file is there already."`
}

func writeJSON(ctx context.Context, env *node.Env, in writeJSONIn) (writeOut, error) {
	v, err := value.LoadAll(ctx, in.Value)
	if err != nil {
		return writeOut{}, err
	}
	b, err := value.JSON(v)
	if err != nil {
		return writeOut{}, input("leave out what JSON cannot hold", "the value cannot be written as JSON: %v", err)
	}
	if !in.Compact {
		var buf bytes.Buffer
		if err := json.Indent(&buf, b, "", "  "); err != nil {
			return writeOut{}, err
		}
		b = buf.Bytes()
	}
	return writeWhole(env, in.Path, in.IfExists, func(w io.Writer) error {
		_, err := w.Write(append(b, '\n'))
		return err
	})
}

type readJSONLinesIn struct {
	Path        string `json:"path" is:"required" widget:"file" doc:"File to read."`
	SkipInvalid bool   `json:"skip_invalid" doc:"Leave lines out that are not valid JSON rather than fail."`
	Limit       int    `json:"limit" min:"0" doc:"Most values to return; 0 means all."`
	MaxLine     int    `json:"max_line" default:"16777216" min:"1" is:"advanced" doc:"Longest line in bytes."`
}

type readJSONLinesOut struct {
	Rows    value.Rows `json:"rows" doc:"The values."`
	Count   int        `json:"count" doc:"How many values are returned."`
	Skipped int        `json:"skipped" doc:"How many lines were left out because they are not valid JSON."`
}

func readJSONLines(ctx context.Context, env *node.Env, in readJSONLinesIn) (readJSONLinesOut, error) {
	f, _, err := openFile(env, in.Path)
	if err != nil {
		return readJSONLinesOut{}, err
	}
	defer f.Close()
	t, err := decode(ctx, f, "auto", false)
	if err != nil {
		return readJSONLinesOut{}, explain(err, in.Path)
	}
	var out readJSONLinesOut
	out.Rows, err = env.Rows(ctx, func(yield func(any) bool) error {
		for s := (lineScanner{r: bufio.NewReaderSize(t, 64<<10), max: in.MaxLine}); ; {
			line, err := s.next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return explain(err, in.Path)
			}
			if strings.TrimSpace(line) == "" {
				continue
			}
			v, err := value.Parse([]byte(line))
			if err != nil && in.SkipInvalid {
				out.Skipped++
				continue
			}
			if err != nil {
				return input("correct the line, or set skip_invalid", "%s, line %d is not valid JSON: %v", in.Path, s.line, err)
			}
			if !yield(v) {
				return nil
			}
			if out.Count++; out.Count == in.Limit {
				return nil
			}
		}
	})
	return out, err
}

type writeJSONLinesIn struct {
	Path     string     `json:"path" is:"required" widget:"file" doc:"File to write."`
	Rows     value.Rows `json:"rows" is:"required" doc:"Values to write, one a line."`
	IfExists string     `json:"if_exists" default:"overwrite" enum:"overwrite,skip,error" doc:"What to do when the file is there already."`
}

func writeJSONLines(ctx context.Context, env *node.Env, in writeJSONLinesIn) (writeOut, error) {
	return writeWhole(env, in.Path, in.IfExists, func(w io.Writer) error {
		buf := bufio.NewWriterSize(w, 64<<10)
		n := 0
		for item, err := range in.Rows.All(ctx) {
			if err != nil {
				return err
			}
			n++
			b, err := value.JSON(item)
			if err != nil {
				return input("leave out what JSON cannot hold", "row %d cannot be written as JSON: %v", n, err)
			}
			if _, err := buf.Write(append(b, '\n')); err != nil {
				return err
			}
		}
		return buf.Flush()
	})
}
