package sheet

import (
	"context"
	"regexp"
	"strings"

	"github.com/xuri/excelize/v2"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/sheet/book"
)

func init() {
	node.Register(node.Spec[formatIn, formatOut]{
		Type:   "sheet.format",
		Title:  "Format cells",
		Doc:    "Sets how the cells of a range look: number format, font, colours, alignment and borders. What is not given stays as it is.",
		Effect: node.Idempotent,
		Examples: []node.Example[formatIn, formatOut]{{
			Title: "Amounts in euros, in bold",
			Files: map[string]string{"orders.xlsx": ordersXLSX},
			In:    formatIn{changing: changing{File: "orders.xlsx"}, At: "D:D", Number: `#,##0.00 "€"`, Bold: "yes"},
			Out:   formatOut{File: "orders.xlsx", Sheet: "Orders", Range: "D1:D3"},
		}},
		Check: func(in formatIn) error { return in.check() },
		Run:   format,
	})
}

type formatIn struct {
	changing
	where
	At         string  `json:"range" is:"required" doc:"Range to format: A1:D20, A:D, 2:50, Sheet2!B3:C9, or the name of a range or table. Whole columns and rows are formatted as far as they are used."`
	Number     string  `json:"number_format" doc:"Number format in Excel's notation, or general, integer, decimal, percent, text, date, datetime, time. 0.00 has two decimals, #,##0 groups thousands, dd.mm.yyyy is a date."`
	Font       string  `json:"font" group:"Font" doc:"Name of the font."`
	Size       float64 `json:"font_size" group:"Font" min:"0" max:"409" doc:"Size of the font in points; 0 leaves it."`
	Bold       string  `json:"bold" default:"keep" enum:"keep,yes,no" group:"Font" doc:"Bold text."`
	Italic     string  `json:"italic" default:"keep" enum:"keep,yes,no" group:"Font" doc:"Italic text."`
	Underline  string  `json:"underline" default:"keep" enum:"keep,yes,no" group:"Font" doc:"Underlined text."`
	Color      string  `json:"color" group:"Font" doc:"Colour of the text as RRGGBB, for instance C00000."`
	Fill       string  `json:"fill" doc:"Colour of the cells as RRGGBB, or none."`
	Horizontal string  `json:"align" default:"keep" enum:"keep,general,left,center,right,fill,justify" doc:"Horizontal alignment."`
	Vertical   string  `json:"vertical_align" default:"keep" enum:"keep,top,center,bottom" doc:"Vertical alignment."`
	Wrap       string  `json:"wrap" default:"keep" enum:"keep,yes,no" doc:"Break long texts into lines."`
	Border     string  `json:"border" default:"keep" enum:"keep,none,thin,medium,thick" doc:"Lines around each cell."`
}

type formatOut struct {
	File  string `json:"file" doc:"Path of the file written."`
	Sheet string `json:"sheet" doc:"Name of the sheet."`
	Range string `json:"range" doc:"Range that was formatted."`
}

var colorRE = regexp.MustCompile(`^#?[0-9A-Fa-f]{6}$`)

func (in formatIn) check() error {
	for name, c := range map[string]string{"color": in.Color, "fill": in.Fill} {
		if c != "" && !(name == "fill" && c == "none") && !colorRE.MatchString(c) {
			return input("give six hex digits, for instance C00000", "%s is %s, which is no colour", name, short(c))
		}
	}
	if len(in.Number) > 255 || strings.Count(in.Number, `"`)%2 != 0 {
		return input("write for instance #,##0.00", "number_format is longer than 255 characters or has an open quote")
	}
	return nil
}

// numberFormats are formats by the names that people use for them.
var numberFormats = map[string]string{"general": "General", "integer": "0", "decimal": "#,##0.00", "percent": "0.00%", "text": "@",
	"date": "yyyy-mm-dd", "datetime": "yyyy-mm-dd hh:mm:ss", "time": "hh:mm:ss"}

func format(ctx context.Context, env *node.Env, in formatIn) (formatOut, error) {
	out := formatOut{File: in.path()}
	err := in.edit(ctx, env, func(ctx context.Context, ed *editor) error {
		sheet, at, err := ed.place(in.Sheet, in.At)
		if err == nil {
			at, err = ed.bounded(ctx, sheet, at)
		}
		if err != nil {
			return err
		}
		out.Sheet, out.Range = sheet.Name, at.String()
		styles := map[int]int{}
		for row := at.Row1; row <= at.Row2; row++ {
			if row%256 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			// Neighbours of the same style are changed together.
			for from := at.Column1; from <= at.Column2; {
				old, err := ed.f.GetCellStyle(sheet.Name, book.CellName(row, from))
				if err != nil {
					return err
				}
				to := from
				for to < at.Column2 {
					if next, err := ed.f.GetCellStyle(sheet.Name, book.CellName(row, to+1)); err != nil || next != old {
						break
					}
					to++
				}
				if _, known := styles[old]; !known {
					if styles[old], err = in.style(ed.f, old); err != nil {
						return err
					}
				}
				if err := ed.f.SetCellStyle(sheet.Name, book.CellName(row, from), book.CellName(row, to), styles[old]); err != nil {
					return err
				}
				from = to + 1
			}
		}
		return nil
	})
	if err != nil {
		return formatOut{}, err
	}
	return out, nil
}

// style returns a style like another with what is given changed.
func (in formatIn) style(f *excelize.File, old int) (int, error) {
	s, err := f.GetStyle(old)
	if err != nil {
		return 0, err
	}
	if in.Number != "" {
		code := in.Number
		if named, ok := numberFormats[strings.ToLower(code)]; ok {
			code = named
		}
		s.NumFmt, s.CustomNumFmt, s.DecimalPlaces = 0, &code, nil
	}
	font := excelize.Font{}
	if s.Font != nil {
		font = *s.Font
	}
	if in.Font != "" {
		font.Family = in.Font
	}
	if in.Size > 0 {
		font.Size = in.Size
	}
	choose(&font.Bold, in.Bold)
	choose(&font.Italic, in.Italic)
	switch in.Underline {
	case "yes":
		font.Underline = "single"
	case "no":
		font.Underline = "none"
	}
	if in.Color != "" {
		font.Color, font.ColorTheme, font.ColorIndexed = strings.ToUpper(strings.TrimPrefix(in.Color, "#")), nil, 0
	}
	s.Font = &font
	switch {
	case in.Fill == "none":
		s.Fill = excelize.Fill{}
	case in.Fill != "":
		s.Fill = excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{strings.ToUpper(strings.TrimPrefix(in.Fill, "#"))}}
	}
	align := excelize.Alignment{}
	if s.Alignment != nil {
		align = *s.Alignment
	}
	if in.Horizontal != "keep" && in.Horizontal != "" {
		align.Horizontal = in.Horizontal
	}
	if in.Vertical != "keep" && in.Vertical != "" {
		align.Vertical = in.Vertical
	}
	choose(&align.WrapText, in.Wrap)
	s.Alignment = &align
	if line, given := map[string]int{"none": 0, "thin": 1, "medium": 2, "thick": 5}[in.Border]; given {
		s.Border = nil
		for _, side := range []string{"left", "right", "top", "bottom"} {
			if line > 0 {
				s.Border = append(s.Border, excelize.Border{Type: side, Color: "000000", Style: line})
			}
		}
	}
	return f.NewStyle(s)
}

func choose(to *bool, s string) {
	switch s {
	case "yes":
		*to = true
	case "no":
		*to = false
	}
}
