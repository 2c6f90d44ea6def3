package pdf

import (
	"regexp"
	"strings"
)

var (
	headingRE = regexp.MustCompile(`^(#{1,6})\s+(.*?)\s*#*$`)
	bulletRE  = regexp.MustCompile(`^(\s*)[-*+]\s+(.*)$`)
	numberRE  = regexp.MustCompile(`^(\s*)\d{1,9}[.)]\s+(.*)$`)
	ruleRE    = regexp.MustCompile(`^\s*([-*_])(\s*[-*_]){2,}\s*$`)
	dividerRE = regexp.MustCompile(`^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$`)
)

// parseMarkdown reads the part of Markdown that people write in plain notes.
// What it does not know stays text.
func parseMarkdown(text string) []block {
	lines := strings.Split(strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n"), "\n")
	var out []block
	var para []string
	flush := func() {
		if len(para) > 0 {
			out = append(out, block{Kind: "text", runs: inline(strings.Join(para, " "))})
			para = nil
		}
	}
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		trim := strings.TrimSpace(line)
		switch {
		case trim == "":
			flush()
		case strings.HasPrefix(trim, "```"):
			flush()
			var code []string
			for i++; i < len(lines) && !strings.HasPrefix(strings.TrimSpace(lines[i]), "```"); i++ {
				code = append(code, lines[i])
			}
			out = append(out, block{Kind: "code", Text: strings.Join(code, "\n")})
		case headingRE.MatchString(trim):
			flush()
			m := headingRE.FindStringSubmatch(trim)
			out = append(out, block{Kind: "heading", Level: len(m[1]), runs: inline(m[2])})
		case ruleRE.MatchString(line):
			flush()
			out = append(out, block{Kind: "line"})
		case bulletRE.MatchString(line) || numberRE.MatchString(line) && len(para) == 0:
			flush()
			var b block
			b, i = listBlock(lines, i)
			out = append(out, b)
		case strings.HasPrefix(trim, ">"):
			flush()
			var quote []string
			for ; i < len(lines) && strings.HasPrefix(strings.TrimSpace(lines[i]), ">"); i++ {
				quote = append(quote, strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(lines[i]), ">")))
			}
			i--
			out = append(out, block{Kind: "text", indent: 20, runs: inline(strings.Join(quote, " "))})
		case strings.Contains(line, "|") && i+1 < len(lines) && strings.Contains(lines[i+1], "-") && dividerRE.MatchString(lines[i+1]):
			flush()
			b := block{Kind: "table", cells: [][][]run{tableRow(line, 0, faceBold)}}
			for _, d := range splitRow(lines[i+1]) {
				switch {
				case strings.HasPrefix(d, ":") && strings.HasSuffix(d, ":"):
					b.aligns = append(b.aligns, "center")
				case strings.HasSuffix(d, ":"):
					b.aligns = append(b.aligns, "right")
				default:
					b.aligns = append(b.aligns, "left")
				}
			}
			for i += 2; i < len(lines) && strings.Contains(lines[i], "|"); i++ {
				b.cells = append(b.cells, tableRow(lines[i], len(b.cells[0]), faceRegular))
			}
			i--
			out = append(out, b)
		default:
			if strings.HasSuffix(line, "  ") {
				trim += "\n"
			}
			para = append(para, trim)
		}
	}
	flush()
	return out
}

// listBlock reads the items of a list from line i and returns the last line of
// it.
func listBlock(lines []string, i int) (block, int) {
	re, kind := bulletRE, "list"
	if !re.MatchString(lines[i]) {
		re, kind = numberRE, "numbers"
	}
	b := block{Kind: kind}
	for ; i < len(lines); i++ {
		m := re.FindStringSubmatch(lines[i])
		if m == nil {
			// An indented line goes on with the item.
			if t := strings.TrimSpace(lines[i]); t != "" && strings.HasPrefix(lines[i], "  ") {
				b.items[len(b.items)-1] = append(b.items[len(b.items)-1], inline(" "+t)...)
				continue
			}
			break
		}
		b.items = append(b.items, inline(m[2]))
		b.levels = append(b.levels, len(strings.ReplaceAll(m[1], "\t", "    "))/2)
	}
	return b, i - 1
}

func splitRow(line string) []string {
	line = strings.TrimSpace(line)
	line = strings.TrimSuffix(strings.TrimPrefix(line, "|"), "|")
	var out []string
	for _, c := range strings.Split(strings.ReplaceAll(line, `\|`, "\x00"), "|") {
		out = append(out, strings.TrimSpace(strings.ReplaceAll(c, "\x00", "|")))
	}
	return out
}

// tableRow returns the cells of a row; want is their number, 0 takes what is
// there.
func tableRow(line string, want int, face string) [][]run {
	var out [][]run
	for _, c := range splitRow(line) {
		runs := inline(c)
		if face == faceBold {
			for i := range runs {
				runs[i].face = faceBold
			}
		}
		out = append(out, runs)
	}
	for want > 0 && len(out) < want {
		out = append(out, nil)
	}
	if want > 0 {
		out = out[:want]
	}
	return out
}

var linkRE = regexp.MustCompile(`^!?\[([^\]]*)\]\(([^)\s]*)[^)]*\)`)

// inline reads **bold**, *italic*, `code` and links; a link becomes its text.
func inline(s string) []run {
	var out []run
	var b strings.Builder
	bold, italic := false, false
	flush := func(face string) {
		if b.Len() > 0 {
			out = append(out, run{b.String(), face})
			b.Reset()
		}
	}
	for i := 0; i < len(s); {
		rest := s[i:]
		switch {
		case rest[0] == '\\' && len(rest) > 1 && strings.IndexByte("\\`*_{}[]()#+-.!|>", rest[1]) >= 0:
			b.WriteByte(rest[1])
			i += 2
		case rest[0] == '`' && strings.IndexByte(rest[1:], '`') > 0:
			flush(faceOf(bold, italic))
			end := strings.IndexByte(rest[1:], '`')
			out = append(out, run{rest[1 : 1+end], faceMono})
			i += end + 2
		case strings.HasPrefix(rest, "**") && (bold || strings.Contains(rest[2:], "**")):
			flush(faceOf(bold, italic))
			bold = !bold
			i += 2
		case rest[0] == '*' && (italic || opens(rest)), rest[0] == '_' && (italic && closesWord(s, i) || opensWord(s, i)):
			flush(faceOf(bold, italic))
			italic = !italic
			i++
		case (rest[0] == '[' || strings.HasPrefix(rest, "![")) && linkRE.MatchString(rest):
			m := linkRE.FindStringSubmatch(rest)
			b.WriteString(m[1])
			i += len(m[0])
		default:
			b.WriteByte(rest[0])
			i++
		}
	}
	flush(faceOf(bold, italic))
	return out
}

// opens reports whether a star begins slanted text: a letter follows and
// another star comes.
func opens(rest string) bool {
	return len(rest) > 2 && rest[1] != ' ' && rest[1] != '*' && strings.IndexByte(rest[1:], '*') > 0
}

func opensWord(s string, i int) bool {
	return (i == 0 || s[i-1] == ' ' || s[i-1] == '(') && opens("*"+strings.ReplaceAll(s[i+1:], "_", "*"))
}

func closesWord(s string, i int) bool {
	return i+1 == len(s) || strings.IndexByte(" .,;:!?)", s[i+1]) >= 0
}
