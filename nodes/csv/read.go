package csv

import (
	"context"
	"io"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[readIn, readOut]{
		Type:   "csv.read",
		Title:  "Read CSV file",
		Doc:    "Reads a CSV file into a table. Delimiter, encoding and column types are found unless they are given. Rows are never lost: short, long and damaged ones are kept and listed in `issues` with their line. Files may be larger than memory; to find types they are read twice.",
		Effect: node.Read,
		Examples: []node.Example[readIn, readOut]{{
			Title: "German Excel export",
			In:    readIn{File: "orders.csv", options: options{Decimal: "comma"}},
			Files: map[string]string{"orders.csv": "\xef\xbb\xbfNr;Kunde;Betrag\r\n007;Müller;1,50\r\n008;\"Meier; Sohn\";2,25\r\n"},
			Out: readOut{Encoding: "utf-8", parsed: parsed{Rows: value.RowsOf([]any{
				map[string]any{"Nr": "007", "Kunde": "Müller", "Betrag": 1.5},
				map[string]any{"Nr": "008", "Kunde": "Meier; Sohn", "Betrag": 2.25}}),
				Columns: []string{"Nr", "Kunde", "Betrag"}, Types: map[string]string{"Nr": "text", "Kunde": "text", "Betrag": "number"}, Count: 2, Delimiter: ";"}},
		}, {
			Title: "A row with too many cells",
			In:    readIn{File: "a.csv", options: options{Types: map[string]string{"a": "text"}}},
			Files: map[string]string{"a.csv": "a,b\n1,2\n3,4,5\n6\n"},
			Out: readOut{Encoding: "utf-8", parsed: parsed{Rows: value.RowsOf([]any{
				map[string]any{"a": "1", "b": 2}, map[string]any{"a": "3", "b": 4, "column_3": 5}, map[string]any{"a": "6", "b": nil}}),
				Columns: []string{"a", "b", "column_3"}, Types: map[string]string{"a": "text", "b": "int", "column_3": "int"}, Count: 3, Delimiter: ",",
				Issues: []issue{{Line: 3, Row: 1, Reason: "it has 3 cells for 2 columns"}, {Line: 4, Row: 2, Reason: "it has 1 cell for 2 columns"}}, IssueCount: 2}},
		}},
		Check: func(in readIn) error { return in.check() },
		Run:   read,
	})
	node.Register(node.Spec[parseIn, parsed]{
		Type:   "csv.parse",
		Title:  "Parse CSV text",
		Doc:    "Reads a text in CSV form into a table; see csv.read for what is found and reported.",
		Effect: node.Pure,
		Examples: []node.Example[parseIn, parsed]{{
			Title: "Three columns",
			In:    parseIn{Text: "id|name|ok\n1|Ada|true\n"},
			Out: parsed{Rows: value.RowsOf([]any{map[string]any{"id": 1, "name": "Ada", "ok": true}}), Columns: []string{"id", "name", "ok"},
				Types: map[string]string{"id": "int", "name": "text", "ok": "bool"}, Count: 1, Delimiter: "|"},
		}, {
			Title: "No header",
			In:    parseIn{Text: "1,\"say \"\"hi\"\"\"\n", options: options{Header: "none"}},
			Out: parsed{Rows: value.RowsOf([]any{map[string]any{"column_1": 1, "column_2": `say "hi"`}}), Columns: []string{"column_1", "column_2"},
				Types: map[string]string{"column_1": "int", "column_2": "text"}, Count: 1, Delimiter: ","},
		}},
		Check: func(in parseIn) error { return in.check() },
		Run: func(ctx context.Context, env *node.Env, in parseIn) (parsed, error) {
			text := strings.TrimPrefix(in.Text, string(bomUTF8))
			out, _, err := parse(ctx, env, in.options, "utf-8", func() (io.ReadCloser, error) {
				return io.NopCloser(strings.NewReader(text)), nil
			})
			return out, err
		},
	})
}

type readIn struct {
	File     string `json:"file" is:"required" widget:"file" doc:"Path of the file."`
	Encoding string `json:"encoding" default:"auto" doc:"Encoding of the file: auto, utf-8, utf-16, windows-1252, iso-8859-15 or another name of the WHATWG list. Auto goes by the byte order mark; without one a file that is no UTF-8 is taken as windows-1252."`
	options
}

type readOut struct {
	parsed
	Encoding string `json:"encoding" doc:"Encoding given or found."`
}

type parseIn struct {
	Text string `json:"text" is:"required" widget:"multiline" doc:"Text to read."`
	options
}

func (o options) check() error {
	_, err := o.compile()
	return err
}

func read(ctx context.Context, env *node.Env, in readIn) (readOut, error) {
	out, encoding, err := parse(ctx, env, in.options, in.Encoding, func() (io.ReadCloser, error) { return env.Files.Open(in.File) })
	return readOut{parsed: out, Encoding: encoding}, err
}
