package sheet

import (
	"encoding/xml"
	"html"
	"regexp"
	"strings"

	"github.com/xuri/excelize/v2"

	"github.com/aether-rpa/aether/nodes/sheet/book"
)

// formulaRE finds formulas: of cells, charts, conditional formats and
// validations.
var formulaRE = regexp.MustCompile(`(<(?:[A-Za-z0-9]+:)?(?:f|formula[12]?)(?:\s[^<>]*)?>)([^<]*)(</)`)

// renameInParts makes the formulas of a workbook that was just opened follow a
// sheet to its new name. The library renames the sheet only. It reads sheets
// when they are first used, so their text can be changed before.
func renameInParts(f *excelize.File, from, to string) {
	f.Pkg.Range(func(k, v any) bool {
		path, b := strings.ToLower(k.(string)), v.([]byte)
		switch {
		case strings.HasPrefix(path, "xl/worksheets/"), strings.HasPrefix(path, "xl/charts/"), strings.HasPrefix(path, "xl/chartsheets/"), strings.HasPrefix(path, "xl/tables/"):
		case strings.HasPrefix(path, "xl/pivotcache/"):
			old, changed := `sheet="`+escapeAttr(from)+`"`, `sheet="`+escapeAttr(to)+`"`
			f.Pkg.Store(k, []byte(strings.ReplaceAll(string(b), old, changed)))
			return true
		default:
			return true
		}
		out := formulaRE.ReplaceAllFunc(b, func(m []byte) []byte {
			parts := formulaRE.FindSubmatch(m)
			text := html.UnescapeString(string(parts[2]))
			renamed := renameInFormula(text, from, to)
			if renamed == text {
				return m
			}
			return []byte(string(parts[1]) + escapeAttr(renamed) + string(parts[3]))
		})
		f.Pkg.Store(k, out)
		return true
	})
}

func escapeAttr(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}

// renameInFormula replaces the name of a sheet in a formula, texts in it left
// alone.
func renameInFormula(s, from, to string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == '"' || c == '\'':
			end := quoteEnd(s, i)
			word := s[i:end]
			if c == '\'' && end < len(s) && s[end] == '!' && len(word) >= 2 && strings.EqualFold(strings.ReplaceAll(word[1:len(word)-1], "''", "'"), from) {
				word = book.QuoteSheet(to)
			}
			b.WriteString(word)
			i = end
		case isName(c):
			end := i
			for end < len(s) && isName(s[end]) {
				end++
			}
			word := s[i:end]
			// [1]Name is in another workbook.
			if end < len(s) && s[end] == '!' && strings.EqualFold(word, from) && (i == 0 || s[i-1] != ']') {
				word = book.QuoteSheet(to)
			}
			b.WriteString(word)
			i = end
		default:
			b.WriteByte(c)
			i++
		}
	}
	return b.String()
}

// quoteEnd returns the index behind the quote that ends what begins at i; a
// doubled one stands for itself.
func quoteEnd(s string, i int) int {
	q := s[i]
	for i++; i < len(s); i++ {
		if s[i] != q {
			continue
		}
		if i+1 < len(s) && s[i+1] == q {
			i++
			continue
		}
		return i + 1
	}
	return len(s)
}

func isName(c byte) bool {
	return c == '_' || c == '.' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80
}
