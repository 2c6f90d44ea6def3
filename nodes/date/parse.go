package date

import (
	"context"
	"fmt"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/date/calendar"
)

func init() {
	node.Register(node.Spec[parseIn, parseOut]{
		Type:   "date.parse",
		Title:  "Parse date",
		Doc:    "Reads a date from text. Formats are tried in order; without any, ISO 8601, RFC 2822, Unix time and dates with a month name in English, German, French or Spanish are recognised. 03/04/2026 is refused unless `order` says whether the day or the month comes first." + zoneRule,
		Effect: node.Pure,
		Examples: []node.Example[parseIn, parseOut]{{
			Title: "German date and time",
			In:    parseIn{Text: "24. Dezember 2025 18:30", Timezone: "Europe/Berlin"},
			Out:   parseOut{result: result{"2025-12-24T18:30:00+01:00"}, Format: "D. MMMM YYYY HH:mm"},
		}, {
			Title: "Several formats",
			In:    parseIn{Text: "3.4.26", Formats: []string{"YYYY-MM-DD", "D.M.YY"}},
			Out:   parseOut{result: result{"2026-04-03"}, Format: "D.M.YY"},
		}},
		Check: func(in parseIn) error { _, err := in.reader(); return err },
		Run: func(_ context.Context, _ *node.Env, in parseIn) (parseOut, error) {
			m, format, err := in.read()
			return parseOut{result: result{m.String()}, Format: format}, err
		},
	})
	node.Register(node.Spec[parseIn, validOut]{
		Type:   "date.is_valid",
		Title:  "Is it a date",
		Doc:    "Tells whether a text can be read as a date, under the same rules as date.parse.",
		Effect: node.Pure,
		Examples: []node.Example[parseIn, validOut]{{
			Title: "There is no 30 February",
			In:    parseIn{Text: "2024-02-30"},
			Out:   validOut{Reason: "text cannot be read as a date, \"2024-02-30\": February 2024 has no day 30"},
		}, {
			Title: "A leap day",
			In:    parseIn{Text: "29/02/2024", Order: "day_first"},
			Out:   validOut{Valid: true, Date: "2024-02-29"},
		}},
		Check: func(in parseIn) error { _, err := in.reader(); return err },
		Run: func(_ context.Context, _ *node.Env, in parseIn) (validOut, error) {
			if _, err := in.reader(); err != nil {
				return validOut{}, err
			}
			m, _, err := in.read()
			if err != nil {
				return validOut{Reason: node.AsFailure(err).Message}, nil
			}
			return validOut{Valid: true, Date: m.String()}, nil
		},
	})
	node.Register(node.Spec[formatIn, formatOut]{
		Type:   "date.format",
		Title:  "Format date",
		Doc:    "Writes a date in a format: tokens (YYYY-MM-DD HH:mm:ss, D. MMMM YYYY, dddd, [literal]), strptime (%d.%m.%Y), a Go layout (02.01.2006), or iso, rfc2822, unix, unix_ms, excel, http.",
		Effect: node.Pure,
		Examples: []node.Example[formatIn, formatOut]{{
			Title: "German",
			In:    formatIn{zoned: zoned{Date: "2026-03-01T23:30:00Z", Timezone: "Europe/Berlin"}, Format: "dddd, D. MMMM YYYY HH:mm [Uhr]", Language: "de"},
			Out:   formatOut{Text: "Montag, 2. März 2026 00:30 Uhr"},
		}, {
			Title: "For a mail header",
			In:    formatIn{zoned: zoned{Date: "2026-03-01"}, Format: "rfc2822"},
			Out:   formatOut{Text: "Sun, 01 Mar 2026 00:00:00 +0000"},
		}},
		Check: func(in formatIn) error {
			if _, named := namedFormats[in.Format]; named || in.Format == "" || in.Format == "iso" || in.Format == "excel" {
				return nil
			}
			_, err := calendar.ParseLayout(in.Format)
			return wrong(err)
		},
		Run: func(_ context.Context, _ *node.Env, in formatIn) (formatOut, error) {
			m, err := in.moment()
			if err != nil {
				return formatOut{}, err
			}
			s, err := write(m, in.Format, in.Language)
			return formatOut{Text: s}, err
		},
	})
}

type parseIn struct {
	Text     string   `json:"text" is:"required" doc:"Text to read."`
	Formats  []string `json:"formats" doc:"Formats to try in order: tokens as in DD.MM.YYYY HH:mm, strptime, Go layouts, or iso, rfc2822, unix, unix_ms, excel."`
	Order    string   `json:"order" default:"refuse" enum:"refuse,day_first,month_first" doc:"How to read dates of digits only, such as 03/04/2026, when no formats are given."`
	Pivot    int      `json:"two_digit_pivot" default:"68" min:"0" max:"99" doc:"Two-digit years up to this one are 20xx, those above it 19xx." is:"advanced"`
	Timezone string   `json:"timezone" default:"UTC" doc:"Time zone of times that have no offset, an IANA name or an offset."`
}

type parseOut struct {
	result
	Format string `json:"format" doc:"Format that fitted."`
}

type validOut struct {
	Valid  bool   `json:"valid" doc:"Whether the text is a date."`
	Date   string `json:"date" doc:"The date in ISO 8601, or empty."`
	Reason string `json:"reason" doc:"Why it is none."`
}

func (in parseIn) reader() (*calendar.Reader, error) {
	loc, err := location(in.Timezone)
	if err != nil {
		return nil, err
	}
	r, err := calendar.NewReader(in.Formats, in.Order, in.Pivot, loc)
	return r, wrong(err)
}

func (in parseIn) read() (calendar.Moment, string, error) {
	r, err := in.reader()
	if err != nil {
		return calendar.Moment{}, "", err
	}
	m, format, err := r.Read(in.Text)
	if err == nil {
		return m, format, check(m)
	}
	hint := "give its format in formats, for instance DD.MM.YYYY"
	if strings.Contains(err.Error(), "day first") {
		hint = "set order to day_first or month_first"
	}
	return m, "", node.Fail(node.KindInput, fmt.Sprintf("text cannot be read as a date, %.60q: %v", in.Text, err), hint)
}

type formatIn struct {
	zoned
	Format   string `json:"format" default:"iso" doc:"Format to write."`
	Language string `json:"language" default:"en" enum:"en,de,fr,es" doc:"Language of month and day names."`
}

type formatOut struct {
	Text string `json:"text" doc:"The date as text."`
}

// namedFormats are formats with a name that are layouts.
var namedFormats = map[string]string{
	"rfc2822": "%a, %d %b %Y %H:%M:%S %z", "unix": "X", "unix_ms": "x", "http": "",
}

func write(m calendar.Moment, format, language string) (string, error) {
	switch format {
	case "", "iso":
		return m.String(), nil
	case "excel":
		n, err := calendar.ToExcel(m, false)
		return fmt.Sprint(n), wrong(err)
	case "http":
		return m.T.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT"), nil
	case "rfc2822":
		language = "en"
	}
	if f, ok := namedFormats[format]; ok {
		format = f
	}
	l, err := calendar.ParseLayout(format)
	if err != nil {
		return "", wrong(err)
	}
	s, err := l.Format(m, language)
	return s, wrong(err)
}
