package dialog

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/date/calendar"
	"github.com/aether-rpa/aether/question"
)

func init() {
	node.RegisterControl(node.Control[fileIn, fileOut]{
		Type: "dialog.file", Title: "Ask for a file", CanFail: true, Asks: true,
		Doc:   "Asks for a file, or several. A terminal looks whether they are there and inside the folders that flows may use; an answer from elsewhere is checked by the node that opens the file.",
		Ports: ports,
		Route: func(_ context.Context, in fileIn) (node.Move, error) {
			f := question.Field{Name: "path", Label: or(in.Label, "File"), Type: question.File, Required: in.Required, Default: in.Default, Extensions: in.Extensions, Folder: in.Folder}
			if in.Multiple {
				f.Type = question.Files
			}
			return in.ask(declared(in.form(question.Form, f)), func(r question.Reply) map[string]any {
				v := r.Values["path"]
				list, many := v.([]any)
				if !many && v != nil {
					list = []any{v}
				}
				out := map[string]any{"path": v, "paths": append([]any{}, list...), "selected": len(list) > 0}
				if many {
					out["path"] = nil
					if len(list) > 0 {
						out["path"] = list[0]
					}
				}
				return out
			})
		},
		YAML: "- {id: pick, type: dialog.file, params: {message: Which list?, extensions: [csv, xlsx], folder: inbox}}",
	})
	node.RegisterControl(node.Control[folderIn, folderOut]{
		Type: "dialog.folder", Title: "Ask for a folder", CanFail: true, Asks: true,
		Doc:   "Asks for a folder. A terminal looks whether it is there and inside the folders that flows may use.",
		Ports: ports,
		Route: func(_ context.Context, in folderIn) (node.Move, error) {
			f := question.Field{Name: "path", Label: or(in.Label, "Folder"), Type: question.Folder, Required: in.Required, Default: text(in.Default), Folder: in.Folder}
			return in.ask(declared(in.form(question.Form, f)), func(r question.Reply) map[string]any {
				return map[string]any{"path": r.Values["path"], "selected": r.Values["path"] != nil}
			})
		},
		YAML: "- {id: where, type: dialog.folder, params: {message: Where to?, default: out}}",
	})
	node.RegisterControl(node.Control[dateIn, dateOut]{
		Type: "dialog.date", Title: "Ask for a date or time", CanFail: true, Asks: true,
		Doc:   "Asks for a date, a time of day, or both. Dates are YYYY-MM-DD, times HH:MM:SS, both together ISO 8601 with the offset of the zone.",
		Ports: ports,
		Check: func(in dateIn) error {
			if in.Format != "" {
				if _, err := calendar.ParseLayout(in.Format); err != nil {
					return err
				}
			}
			return nil
		},
		Route: func(_ context.Context, in dateIn) (node.Move, error) {
			f := question.Field{Name: "value", Label: or(in.Label, map[string]string{question.Date: "Date", question.Clock: "Time", question.DateTime: "Date and time"}[in.Mode]), Type: in.Mode, Required: in.Required, Default: text(in.Default), Min: text(in.Min), Max: text(in.Max), Zone: in.Zone}
			return in.ask(declared(in.form(question.Form, f)), func(r question.Reply) map[string]any { return moment(in, r) })
		},
		YAML: "- {id: due, type: dialog.date, params: {mode: date, message: Due when?, min: 2026-01-01}}",
	})
	node.RegisterControl(node.Control[colorIn, colorOut]{
		Type: "dialog.color", Title: "Ask for a colour", CanFail: true, Asks: true,
		Doc:   "Asks for a colour, which is given as #rrggbb, or #rrggbbaa if it may be transparent.",
		Ports: ports,
		Route: func(_ context.Context, in colorIn) (node.Move, error) {
			f := question.Field{Name: "color", Label: or(in.Label, "Colour"), Type: question.Color, Required: in.Required, Default: text(in.Default), Alpha: in.Alpha, Placeholder: "#1e90ff"}
			return in.ask(declared(in.form(question.Form, f)), func(r question.Reply) map[string]any {
				c, _ := r.Values["color"].(string)
				return map[string]any{"color": r.Values["color"], "selected": c != "", "rgb": rgb(c)}
			})
		},
		YAML: "- {id: ink, type: dialog.color, params: {message: Which colour?, default: '#1e90ff'}}",
	})
}

func text(s *string) any {
	if s == nil {
		return nil
	}
	return *s
}

// rgb takes a canonical colour apart; nil for none.
func rgb(c string) any {
	if len(c) < 7 {
		return nil
	}
	out := map[string]any{}
	for i, k := range []string{"r", "g", "b", "a"} {
		n := uint64(255)
		if 3+2*i <= len(c) {
			var err error
			if n, err = strconv.ParseUint(c[1+2*i:3+2*i], 16, 8); err != nil {
				return nil
			}
		}
		out[k] = int(n)
	}
	return out
}

// moment gives the outputs of a date.
func moment(in dateIn, r question.Reply) map[string]any {
	s, _ := r.Values["value"].(string)
	out := map[string]any{"value": r.Values["value"], "text": s, "timestamp": nil, "selected": s != ""}
	if s == "" {
		return out
	}
	layout := map[string]string{question.Date: "2006-01-02", question.Clock: "15:04:05", question.DateTime: time.RFC3339Nano}[in.Mode]
	loc := time.UTC
	if l, err := time.LoadLocation(in.Zone); err == nil {
		loc = l
	}
	t, err := time.ParseInLocation(layout, s, loc)
	if err != nil {
		return out
	}
	if in.Mode != question.Clock {
		out["timestamp"] = int(t.Unix())
	}
	if in.Format != "" {
		if l, err := calendar.ParseLayout(in.Format); err == nil {
			if f, err := l.Format(calendar.Moment{T: t, DayOnly: in.Mode == question.Date}, "en"); err == nil {
				out["text"] = f
			}
		}
	}
	return out
}

type fileIn struct {
	Multiple   bool     `json:"multiple" doc:"Whether several may be given."`
	Label      string   `json:"label" doc:"Name of the field."`
	Extensions []string `json:"extensions" doc:"Endings that the file may have, without the dot; any if not given."`
	Folder     string   `json:"folder" widget:"folder" doc:"Where to begin to look."`
	Default    any      `json:"default" doc:"Path that is filled in beforehand (a list with multiple), and that an unattended run takes."`
	Required   bool     `json:"required" default:"true" doc:"Whether a file must be given."`
	looks
	ending
}

type fileOut struct {
	Path     *string  `json:"path" doc:"The file, the first of several; nothing if none was given."`
	Paths    []string `json:"paths" doc:"All of them."`
	Selected bool     `json:"selected" doc:"Whether a file was given."`
	replyOut
}

type folderIn struct {
	Label    string  `json:"label" doc:"Name of the field."`
	Folder   string  `json:"folder" widget:"folder" doc:"Where to begin to look."`
	Default  *string `json:"default" doc:"Path that is filled in beforehand, and that an unattended run takes."`
	Required bool    `json:"required" default:"true" doc:"Whether a folder must be given."`
	looks
	ending
}

type folderOut struct {
	Path     *string `json:"path" doc:"The folder; nothing if none was given."`
	Selected bool    `json:"selected" doc:"Whether a folder was given."`
	replyOut
}

type dateIn struct {
	Mode     string  `json:"mode" enum:"date,time,datetime" default:"date" doc:"What is asked for."`
	Label    string  `json:"label" doc:"Name of the field."`
	Default  *string `json:"default" doc:"Value that is filled in beforehand, and that an unattended run takes."`
	Min      *string `json:"min" doc:"Earliest value."`
	Max      *string `json:"max" doc:"Latest value."`
	Required bool    `json:"required" default:"true" doc:"Whether it must be given."`
	Zone     string  `json:"zone" default:"UTC" doc:"Time zone of what is given without an offset, such as Europe/Berlin."`
	Format   string  `json:"format" is:"advanced" doc:"Format of the output text, as in date.format."`
	looks
	ending
}

type dateOut struct {
	Value     *string `json:"value" doc:"The date or time in ISO 8601; nothing if none was given."`
	Text      string  `json:"text" doc:"The same in the format asked for."`
	Timestamp *int    `json:"timestamp" doc:"Seconds since 1970; nothing for a time of day."`
	Selected  bool    `json:"selected" doc:"Whether it was given."`
	replyOut
}

type colorIn struct {
	Label    string  `json:"label" doc:"Name of the field."`
	Default  *string `json:"default" doc:"Colour that is filled in beforehand, and that an unattended run takes."`
	Alpha    bool    `json:"alpha" doc:"Whether it may be transparent."`
	Required bool    `json:"required" default:"true" doc:"Whether a colour must be given."`
	looks
	ending
}

type colorOut struct {
	Color    *string        `json:"color" doc:"The colour; nothing if none was given."`
	RGB      map[string]int `json:"rgb" doc:"Its parts r, g, b and a, from 0 to 255."`
	Selected bool           `json:"selected" doc:"Whether a colour was given."`
	replyOut
}

// tableColumns are the columns that a table has, in the order in which they
// turn up.
func tableColumns(rows []map[string]any) []string {
	var out []string
	seen := map[string]bool{}
	for _, r := range rows {
		for _, k := range sortedKeys(r) {
			if !seen[k] {
				seen[k] = true
				out = append(out, k)
			}
		}
	}
	return out
}

func rowLabel(r map[string]any, columns []string) string {
	s := ""
	for i, c := range columns {
		if i > 0 {
			s += " | "
		}
		s += question.Show(r[c])
	}
	if s == "" {
		return fmt.Sprint(r)
	}
	return s
}
