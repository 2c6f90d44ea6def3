package api

import (
	"context"
	"encoding/json"
	"net/http"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/orch"
)

// maxFound bounds how many problems are told: who sees so many mends the first.
const maxFound = 500

type checkFlowIn struct {
	Body struct {
		Text  string            `json:"text" doc:"The flow, YAML or JSON."`
		File  string            `json:"file,omitempty" maxLength:"255" doc:"Name of its file; flow.yaml if not given."`
		Files map[string]string `json:"files,omitempty" doc:"The flows it calls, by file name. What is not among them is called as version base did, or by the name of a flow that was pushed."`
		Name  string            `json:"name,omitempty" doc:"The flow that the text is a version of."`
		Base  string            `json:"base,omitempty" doc:"Digest of the version that the text was made from."`
	}
}

type checkedFlow struct {
	Digest   string          `json:"digest,omitempty" doc:"What identifies this version; absent if the text is no flow."`
	Name     string          `json:"name,omitempty" doc:"The name in the text."`
	Flow     json.RawMessage `json:"flow,omitempty" doc:"The flow as JSON; absent if the text is no flow."`
	SameAs   []string        `json:"same_as" nullable:"false" doc:"Labels of the flow that are at this version, and its digest if it is kept."`
	Valid    bool            `json:"valid" doc:"Whether it can be pushed."`
	Problems []foundProblem  `json:"problems" nullable:"false" doc:"In the order of the text."`
}

type foundProblem struct {
	Severity string    `json:"severity" enum:"error,warning"`
	Rule     string    `json:"rule" doc:"Stable name of what was checked."`
	File     string    `json:"file,omitempty" doc:"The file it is in, if that is one that the flow calls."`
	Node     string    `json:"node,omitempty" doc:"Id of the node."`
	Path     string    `json:"path,omitempty" doc:"The param of the node, as in cases[0].when."`
	Line     int       `json:"line,omitempty" doc:"Counted from 1."`
	Column   int       `json:"column,omitempty" doc:"Counted from 1, in characters."`
	At       int       `json:"at" doc:"Where it begins in the text, as JavaScript counts."`
	Message  string    `json:"message"`
	Remedy   string    `json:"remedy,omitempty" doc:"What to do."`
	Fix      *foundFix `json:"fix,omitempty" doc:"What mends it."`
}

type foundFix struct {
	Title string      `json:"title"`
	Edits []foundEdit `json:"edits" nullable:"false"`
}

type foundEdit struct {
	From int    `json:"from" doc:"Where the text that is replaced begins, as JavaScript counts."`
	To   int    `json:"to" doc:"Where it ends."`
	Text string `json:"text" doc:"What stands there then."`
}

// checks tells what is wrong with a flow that is being written.
func (s *Server) checks(a huma.API) {
	handle(s, a, op{right: auth.ReadFlows, method: http.MethodPost, path: "/flows/check", id: "check-flow", summary: "Check the text of a flow: what is wrong, what mends it, which version it is. Keeps nothing", tag: "flows", body: 16 << 20, often: true},
		func(ctx context.Context, in *checkFlowIn) (*answer[checkedFlow], error) {
			c, err := s.Orch.CheckDraft(ctx, orch.Draft{Text: in.Body.Text, File: in.Body.File, Files: in.Body.Files, Name: in.Body.Name, Base: in.Body.Base})
			if err != nil {
				return nil, err
			}
			out := checkedFlow{SameAs: c.SameAs, Problems: []foundProblem{}}
			if f := c.Bundle.Flow; f != nil {
				body, err := f.JSON()
				if err != nil {
					return nil, err
				}
				out.Digest, out.Name, out.Flow = c.Bundle.Digest, f.Name, body
				out.Valid = len(c.Bundle.Problems.Errors()) == 0
			}
			units := newUnits(in.Body.Text)
			for _, f := range c.Found[:min(len(c.Found), maxFound)] {
				out.Problems = append(out.Problems, found(f, units))
			}
			return &answer[checkedFlow]{out}, nil
		})
}

func found(f orch.Found, u *units) foundProblem {
	p := foundProblem{Severity: string(f.Severity), Rule: f.Rule, File: f.File, Node: f.Node, Path: f.Param, Line: f.Line, Column: f.Col, Message: f.Message, Remedy: f.Hint}
	if f.File == "" {
		p.At = u.place(flow.Pos{Line: f.Line, Col: f.Col})
	}
	if f.Fix != nil {
		p.Fix = &foundFix{Title: f.Fix.Title, Edits: []foundEdit{}}
		for _, e := range f.Fix.Edits {
			p.Fix.Edits = append(p.Fix.Edits, foundEdit{u.at(e.From), u.at(e.To), e.Text})
		}
	}
	return p
}

// units counts a text as JavaScript does, in UTF-16.
type units struct {
	text  string
	lines []int // where lines begin, in bytes
	marks []int // units before every step bytes
}

const step = 1 << 10

func newUnits(text string) *units {
	u := &units{text: text, lines: []int{0}}
	n := 0
	for i, r := range text {
		for len(u.marks)*step <= i {
			u.marks = append(u.marks, n)
		}
		if r == '\n' {
			u.lines = append(u.lines, i+1)
		}
		n += max(1, utf16.RuneLen(r))
	}
	return u
}

// at returns how many units stand before a byte.
func (u *units) at(offset int) int {
	offset = min(max(offset, 0), len(u.text))
	if len(u.marks) == 0 {
		return 0
	}
	k := min(offset/step, len(u.marks)-1)
	begin := k * step
	for begin < len(u.text) && !utf8.RuneStart(u.text[begin]) {
		begin++ // the mark counts whole characters
	}
	n := u.marks[k]
	for _, r := range u.text[min(begin, offset):offset] {
		n += max(1, utf16.RuneLen(r))
	}
	return n
}

// place returns how many units stand before a place.
func (u *units) place(p flow.Pos) int {
	if p.Line < 1 || p.Line > len(u.lines) {
		return 0
	}
	at := u.lines[p.Line-1]
	if p.Line == 1 && len(u.text) > 2 && u.text[:3] == "\ufeff" {
		at += 3
	}
	for range p.Col - 1 {
		if at >= len(u.text) || u.text[at] == '\n' {
			break
		}
		_, n := utf8.DecodeRuneInString(u.text[at:])
		at += n
	}
	return u.at(at)
}
