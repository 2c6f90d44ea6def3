package sheet

import (
	"context"
	"errors"
	"io/fs"
	"slices"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/sheet/book"
	"github.com/aether-rpa/aether/vault"
)

func init() {
	node.Register(node.Spec[createIn, createOut]{
		Type:   "sheet.create",
		Title:  "Create workbook",
		Doc:    "Makes a new, empty workbook (.xlsx or .ods) with the sheets given. Writing a table makes its file itself; see sheet.write.",
		Effect: node.Once, EffectOf: func(in createIn) node.Effect { return unless(in.Existing == "fail") },
		Examples: []node.Example[createIn, createOut]{{
			Title: "Two sheets",
			In:    createIn{File: "report.xlsx", Sheets: []string{"Summary", "Details"}},
			Out:   createOut{File: "report.xlsx", Sheets: []string{"Summary", "Details"}, Created: true},
		}},
		Check: func(in createIn) error {
			for i, s := range in.Sheets {
				if err := checkName(s); err != nil {
					return err
				}
				if slices.Contains(in.Sheets[:i], s) {
					return input("give each sheet a name of its own", "there are two sheets %s", short(s))
				}
			}
			return nil
		},
		Run: create,
	})
}

type createIn struct {
	File     string       `json:"file" is:"required" widget:"file" doc:"File to make, .xlsx or .ods. Missing folders are made."`
	Sheets   []string     `json:"sheets" default:"[\"Sheet1\"]" doc:"Names of its sheets."`
	Existing string       `json:"existing" default:"fail" enum:"fail,keep,replace" doc:"What to do if the file is there: fail, keep it as it is, or replace it."`
	Password vault.Secret `json:"password" doc:"Password to encrypt the workbook with (.xlsx only)."`
}

type createOut struct {
	File    string   `json:"file" doc:"Path of the file."`
	Sheets  []string `json:"sheets" doc:"Names of the sheets asked for."`
	Created bool     `json:"created" doc:"Whether the file was made; false if it was there and kept."`
}

func create(_ context.Context, env *node.Env, in createIn) (createOut, error) {
	out := createOut{File: in.File, Sheets: in.Sheets}
	if len(in.Sheets) == 0 {
		out.Sheets = []string{"Sheet1"}
	}
	kind, err := formatOf(in.File)
	if err != nil {
		return out, err
	}
	if kind == book.KindCSV {
		return out, input("use csv.write or file.write_text", "a CSV file has no sheets to make")
	}
	switch _, err := env.Files.Stat(in.File); {
	case err == nil && in.Existing == "keep":
		return out, nil
	case err == nil && in.Existing == "fail":
		return out, input("set existing to keep or replace", "%s is there already", in.File)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return out, err
	}
	out.Created = true
	return out, writeFile(env, in.File, kind, in.Password, func(s sink) error {
		for _, name := range out.Sheets {
			if err := s.begin(sheetSpec{name: name}); err != nil {
				return err
			}
			if err := s.end(book.Range{}); err != nil {
				return err
			}
		}
		return nil
	})
}
