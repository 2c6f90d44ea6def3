package command

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

// Output are the params that say what to make of a program's end. Embed it in
// a node's In.
type Output struct {
	Output    string `json:"output" default:"text" enum:"text,lines,json,json_lines" doc:"What result is. text: all it printed, without line ends at the end. lines: a list of lines. json: the value of a JSON document. json_lines: a list of JSON values, one a line."`
	ExitCodes []int  `json:"exit_codes" default:"[0]" doc:"Exit codes that mean success; any other fails the node. An empty list accepts all."`
	Encoding  string `json:"encoding" default:"utf-8" enum:"utf-8,utf-16,windows-1252,iso-8859-1,cp437,cp850,cp852,cp866" is:"advanced" doc:"How it writes text. Old Windows programs use cp850 or cp437."`
}

var encodings = map[string]encoding.Encoding{
	"utf-16":       unicode.UTF16(unicode.LittleEndian, unicode.UseBOM),
	"windows-1252": charmap.Windows1252,
	"iso-8859-1":   charmap.ISO8859_1,
	"cp437":        charmap.CodePage437,
	"cp850":        charmap.CodePage850,
	"cp852":        charmap.CodePage852,
	"cp866":        charmap.CodePage866,
}

// decode returns the text; bytes that are none become U+FFFD.
func decode(b []byte, name string) string {
	if e := encodings[name]; e != nil {
		if d, err := e.NewDecoder().Bytes(b); err == nil {
			b = d
		}
	}
	return strings.ToValidUTF8(strings.TrimPrefix(string(b), "\ufeff"), "\ufffd")
}

// Judge fails unless the exit code means success.
func (o Output) Judge(r Ran) error {
	if r.Signal == "" && (len(o.ExitCodes) == 0 || slices.Contains(o.ExitCodes, r.ExitCode)) {
		return nil
	}
	msg := fmt.Sprintf("%s ended with exit code %d", r.Name, r.ExitCode)
	code := strconv.Itoa(r.ExitCode)
	if r.Signal != "" {
		msg, code = r.Name+" was ended by the signal "+r.Signal, r.Signal
	}
	if why := lastLine(r.Stderr); why != "" {
		msg += ": " + why
	} else if why := lastLine(r.Stdout); why != "" {
		msg += ": " + why
	}
	f := node.Fail(node.KindError, strings.TrimSuffix(msg, ".")+".", "see stderr in the details; if the code is no failure, add it to exit_codes")
	f.Code = code
	f.Details = r.details()
	return f
}

// lastLine returns the last line that is not empty, shortened.
func lastLine(s string) string {
	s = strings.TrimSpace(s)
	s = strings.TrimSpace(s[strings.LastIndexByte(s, '\n')+1:])
	const most = 300
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// Parse makes the result of what the program printed.
func (o Output) Parse(r Ran) (any, error) {
	switch o.Output {
	case "lines":
		return Lines(r.Stdout), nil
	case "json", "json_lines":
		if r.Truncated {
			return nil, node.Fail(node.KindInput, "What "+r.Name+" printed is longer than max_output and cannot be read as JSON.", "raise max_output")
		}
	default:
		return strings.TrimRight(r.Stdout, "\r\n"), nil
	}
	if o.Output == "json" {
		v, err := value.Parse([]byte(r.Stdout))
		if err != nil {
			return nil, r.notJSON("", err)
		}
		return v, nil
	}
	list := []any{}
	for i, l := range Lines(r.Stdout) {
		line := strings.TrimSpace(l.(string))
		if line == "" {
			continue
		}
		v, err := value.Parse([]byte(line))
		if err != nil {
			return nil, r.notJSON(fmt.Sprintf("line %d of ", i+1), err)
		}
		list = append(list, v)
	}
	return list, nil
}

func (r Ran) notJSON(where string, err error) *node.Failure {
	f := node.Fail(node.KindInput, fmt.Sprintf("Reading %swhat %s printed as JSON: %v.", where, r.Name, err), "choose the output text to see it, or have the program print JSON only")
	f.Details = r.details()
	return f
}

// Lines splits text into a list of lines without their ends.
func Lines(s string) []any {
	out := []any{}
	for l := range strings.Lines(s) {
		out = append(out, strings.TrimSuffix(strings.TrimSuffix(l, "\n"), "\r"))
	}
	return out
}
