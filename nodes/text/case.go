package text

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"

	"github.com/aether-rpa/aether/node"
)

func init() {
	type ex = node.Example[caseIn, textOut]
	register("text.case", "Change case", "Changes the case of text. The forms for identifiers (camel, pascal, snake, kebab, constant, dot) cut text into words at spaces, punctuation and changes of case.",
		changeCase,
		ex{Title: "Upper case", In: caseIn{Text: "straße", To: "upper"}, Out: textOut{Text: "STRASSE"}},
		ex{Title: "A column name", In: caseIn{Text: "Invoice No. (PDF)", To: "snake"}, Out: textOut{Text: "invoice_no_pdf"}},
		ex{Title: "A title", In: caseIn{Text: "the o'neil REPORT", To: "title"}, Out: textOut{Text: "The O'neil Report"}},
	)
}

type caseIn struct {
	Text   string `json:"text" is:"required" doc:"Text to change." widget:"multiline"`
	To     string `json:"to" is:"required" enum:"upper,lower,title,sentence,swap,camel,pascal,snake,kebab,constant,dot" doc:"The form: title capitalizes every word, sentence the first letter of every sentence."`
	Locale string `json:"locale" default:"" enum:",tr,az,lt,nl,el" is:"advanced" doc:"Language with rules of its own, for instance tr where i becomes İ; empty for all others."`
}

func changeCase(in caseIn) (string, error) {
	tag := language.Und
	if in.Locale != "" {
		tag = language.Make(in.Locale)
	}
	switch in.To {
	case "upper":
		return cases.Upper(tag).String(in.Text), nil
	case "lower":
		return cases.Lower(tag).String(in.Text), nil
	case "title":
		return cases.Title(tag).String(in.Text), nil
	case "sentence":
		return sentenceCase(cases.Lower(tag).String(in.Text), cases.Upper(tag)), nil
	case "swap":
		return strings.Map(func(r rune) rune {
			if unicode.IsUpper(r) {
				return unicode.ToLower(r)
			}
			return unicode.ToUpper(r)
		}, in.Text), nil
	}
	return identifier(words(in.Text), in.To), nil
}

func sentenceCase(s string, upper cases.Caser) string {
	var b strings.Builder
	start, ended := true, false
	for _, r := range s {
		switch {
		case start && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			b.WriteString(upper.String(string(r)))
			start, ended = false, false
			continue
		case strings.ContainsRune(".!?…\n", r):
			if ended = true; r == '\n' {
				start = true
			}
		case ended && unicode.IsSpace(r):
			start = true
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			ended = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

// words cuts text for identifiers: invoiceNo2PDF is invoice, No2, PDF.
func words(s string) []string {
	var out []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			out = append(out, string(word))
			word = nil
		}
	}
	r := []rune(s)
	for i, c := range r {
		switch {
		case c == '\'' || c == '’' || unicode.Is(unicode.Mn, c):
			if unicode.Is(unicode.Mn, c) && len(word) > 0 {
				word = append(word, c)
			}
			continue
		case !unicode.IsLetter(c) && !unicode.IsDigit(c):
			flush()
			continue
		case unicode.IsUpper(c) && len(word) > 0:
			before := word[len(word)-1]
			next := i+1 < len(r) && unicode.IsLower(r[i+1])
			if unicode.IsLower(before) || unicode.IsDigit(before) || unicode.IsUpper(before) && next {
				flush()
			}
		}
		word = append(word, c)
	}
	flush()
	return out
}

func identifier(words []string, form string) string {
	for i, w := range words {
		switch {
		case form == "constant":
			words[i] = strings.ToUpper(w)
		case form == "pascal" || form == "camel" && i > 0:
			r := []rune(strings.ToLower(w))
			r[0] = unicode.ToUpper(r[0])
			words[i] = string(r)
		default:
			words[i] = strings.ToLower(w)
		}
	}
	return strings.Join(words, map[string]string{"snake": "_", "constant": "_", "kebab": "-", "dot": "."}[form])
}
