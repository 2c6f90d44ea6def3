package text

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/aether-rpa/aether/node"
)

func init() {
	register("text.remove_accents", "Remove accents", "Replaces letters with accents by plain ones, and letters such as ß, ø, æ and ł by their usual Latin spelling. Other scripts stay as they are.",
		func(in accentsIn) (string, error) {
			s := in.Text
			if in.German {
				s = german.Replace(norm.NFC.String(s))
			}
			return removeAccents(s), nil
		},
		node.Example[accentsIn, textOut]{Title: "French", In: accentsIn{Text: "Hôtel Łódź, Straße"}, Out: textOut{Text: "Hotel Lodz, Strasse"}},
		node.Example[accentsIn, textOut]{Title: "German umlauts", In: accentsIn{Text: "Jürgen", German: true}, Out: textOut{Text: "Juergen"}},
	)
	register("text.slugify", "Make slug", "Turns text into lower-case words joined by hyphens, for addresses and file names. Only a-z and 0-9 remain, unless other scripts are kept.",
		slugify,
		node.Example[slugIn, textOut]{Title: "A headline", In: slugIn{Text: "  Äpfel & Birnen: 50% off! "}, Out: textOut{Text: "apfel-birnen-50-off"}},
		node.Example[slugIn, textOut]{Title: "Another script", In: slugIn{Text: "Привет мир", Unicode: true, Separator: "_"}, Out: textOut{Text: "привет_мир"}},
	)
	register("text.normalize", "Normalize text", "Makes text uniform: one blank instead of any white space, one kind of line ends, one Unicode form, plain quotes, no invisible characters.",
		normalize,
		node.Example[normalizeIn, textOut]{Title: "Copied from a web page", In: normalizeIn{Text: " a\u00a0 b\u200b\r\n\r\n c ", Spaces: "collapse", Invisible: true}, Out: textOut{Text: "a b c"}},
		node.Example[normalizeIn, textOut]{Title: "Lines kept, plain quotes", In: normalizeIn{Text: "“a  b”\r\n  c", Spaces: "lines", Quotes: true}, Out: textOut{Text: "\"a b\"\nc"}},
	)
}

type accentsIn struct {
	Text   string `json:"text" is:"required" doc:"Text to change."`
	German bool   `json:"german" doc:"Write ä, ö and ü as ae, oe and ue."`
}

var german = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "Ä", "Ae", "Ö", "Oe", "Ü", "Ue")

// latin holds letters that Unicode does not take apart.
var latin = strings.NewReplacer("ß", "ss", "ẞ", "SS", "ø", "o", "Ø", "O", "æ", "ae", "Æ", "AE", "œ", "oe", "Œ", "OE", "ł", "l", "Ł", "L",
	"đ", "d", "Đ", "D", "ð", "d", "Ð", "D", "þ", "th", "Þ", "Th", "ħ", "h", "Ħ", "H", "ı", "i", "ŧ", "t", "Ŧ", "T", "ŋ", "n", "Ŋ", "N", "ĸ", "k")

// removeAccents drops the marks above and below Latin, Greek and Cyrillic
// letters; in other scripts marks are vowels and stay.
func removeAccents(s string) string {
	var b strings.Builder
	base := rune(0)
	for _, r := range norm.NFD.String(s) {
		if unicode.Is(unicode.Mn, r) && (base == 0 || unicode.In(base, unicode.Latin, unicode.Greek, unicode.Cyrillic)) {
			continue
		}
		if !unicode.Is(unicode.Mn, r) {
			base = r
		}
		b.WriteRune(r)
	}
	return latin.Replace(norm.NFC.String(b.String()))
}

type slugIn struct {
	Text      string `json:"text" is:"required" doc:"Text to change."`
	Separator string `json:"separator" default:"-" doc:"Sign between the words."`
	MaxLength int    `json:"max_length" default:"0" min:"0" doc:"Characters at most, cut between words where possible; 0 means no limit."`
	Unicode   bool   `json:"unicode" doc:"Keep letters of all scripts, with their accents."`
	KeepCase  bool   `json:"keep_case" is:"advanced" doc:"Do not change to lower case."`
}

func slugify(in slugIn) (string, error) {
	s := in.Text
	if !in.Unicode {
		s = removeAccents(s)
	}
	if !in.KeepCase {
		s = strings.ToLower(s)
	}
	s = strings.NewReplacer("'", "", "’", "").Replace(s)
	words := strings.FieldsFunc(s, func(r rune) bool {
		if in.Unicode {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.M, r)
		}
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9')
	})
	out := strings.Join(words, in.Separator)
	if in.MaxLength <= 0 || len([]rune(out)) <= in.MaxLength {
		return out, nil
	}
	short := ""
	for i, w := range words {
		next := w
		if i > 0 {
			next = short + in.Separator + w
		}
		if len([]rune(next)) > in.MaxLength {
			break
		}
		short = next
	}
	if short == "" {
		short = string([]rune(out)[:in.MaxLength])
	}
	return short, nil
}

type normalizeIn struct {
	Text      string `json:"text" is:"required" doc:"Text to change." widget:"multiline"`
	Spaces    string `json:"spaces" default:"keep" enum:"keep,collapse,lines" doc:"White space: keep it; collapse all of it, line ends included, to one blank; or lines, which does so within each line and trims it."`
	LineEnds  string `json:"line_ends" default:"lf" enum:"lf,crlf,keep" doc:"Line ends: lf as on Unix, crlf as on Windows."`
	Form      string `json:"form" default:"nfc" enum:"nfc,nfd,nfkc,nfkd,none" doc:"Unicode form: nfc joins letters and accents, nfd takes them apart, nfkc and nfkd also replace look-alikes such as ﬁ and ½."`
	Quotes    bool   `json:"quotes" doc:"Replace typographic quotes, dashes and dots by plain ones."`
	Invisible bool   `json:"invisible" doc:"Remove control characters and invisible characters such as zero-width spaces, soft hyphens and the byte order mark; tabs and line ends stay."`
}

var plainQuotes = strings.NewReplacer("“", `"`, "”", `"`, "„", `"`, "«", `"`, "»", `"`, "‘", "'", "’", "'", "‚", "'", "‹", "'", "›", "'", "–", "-", "—", "-", "−", "-", "…", "...")

func normalize(in normalizeIn) (string, error) {
	if len(in.Text) > maxOutput/4 {
		return "", node.Failf(node.KindInput, "the text is larger than %d MB", maxOutput>>22)
	}
	s := in.Text
	switch in.Form {
	case "nfc":
		s = norm.NFC.String(s)
	case "nfd":
		s = norm.NFD.String(s)
	case "nfkc":
		s = norm.NFKC.String(s)
	case "nfkd":
		s = norm.NFKD.String(s)
	}
	if in.Invisible {
		s = strings.Map(func(r rune) rune {
			if r != '\n' && r != '\r' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
				return -1
			}
			return r
		}, s)
	}
	if in.Quotes {
		s = plainQuotes.Replace(s)
	}
	if in.LineEnds != "keep" || in.Spaces == "lines" {
		s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n").Replace(s)
	}
	switch in.Spaces {
	case "collapse":
		s = strings.Join(strings.FieldsFunc(s, isBlank), " ")
	case "lines":
		all := strings.Split(s, "\n")
		for i, l := range all {
			all[i] = strings.Join(strings.FieldsFunc(l, isBlank), " ")
		}
		s = strings.Join(all, "\n")
	}
	if in.LineEnds == "crlf" {
		s = strings.ReplaceAll(s, "\n", "\r\n")
	}
	return s, nil
}
