package doc

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/doc/docx"
)

func init() {
	node.Register(node.Spec[replaceIn, replaceOut]{
		Type:  "doc.replace_text",
		Title: "Replace text in Word document",
		Doc: "Replaces text in a Word document wherever it stands in a paragraph, even where Word has stored it in several pieces. The new text looks like the first letter of the old one; line ends in it become line breaks. " +
			"Text is found within a paragraph, not across several. For letters and forms see doc.fill_template.",
		Effect:   node.Once,
		EffectOf: func(in replaceIn) node.Effect { return in.effect(in.File) },
		Examples: []node.Example[replaceIn, replaceOut]{{
			Title: "One word",
			Files: map[string]string{"letter.docx": letterDocx},
			In:    replaceIn{source: source{File: "letter.docx"}, Find: "best REGARDS", Replace: "Yours sincerely", target: target{To: "new.docx"}},
			Out:   replaceOut{File: "new.docx", Count: 1, Counts: []int{1}},
		}, {
			Title: "Several, whole words only",
			Files: map[string]string{"letter.docx": letterDocx},
			In:    replaceIn{source: source{File: "letter.docx"}, Replacements: []replacement{{Find: "Offer", Replace: "Angebot"}, {Find: "regard", Replace: "x"}}, WholeWord: true, target: target{To: "new.docx"}},
			Out:   replaceOut{File: "new.docx", Count: 1, Counts: []int{1, 0}},
		}},
		Check: func(in replaceIn) error {
			if in.Find == "" && len(in.Replacements) == 0 {
				return input("write what to look for into find", "there is nothing to find")
			}
			_, err := in.finders()
			return err
		},
		Run: replaceText,
	})
}

type replacement struct {
	Find    string `json:"find" is:"required,raw" doc:"Text to find."`
	Replace string `json:"replace" doc:"Text to put in its place."`
}

type replaceIn struct {
	source
	Find         string        `json:"find" is:"raw" doc:"Text to find."`
	Replace      string        `json:"replace" doc:"Text to put in its place; empty removes it."`
	Replacements []replacement `json:"replacements" doc:"Several texts to replace, after find; each works on what those before it left."`
	MatchCase    bool          `json:"match_case" doc:"Tell capital from small letters."`
	WholeWord    bool          `json:"whole_word" doc:"Find whole words only, not parts of others."`
	Regex        bool          `json:"regex" doc:"Take find as a regular expression; $1 in replace stands for its first group."`
	FirstOnly    bool          `json:"first_only" doc:"Replace only the first place where each text is found."`
	where
	target
}

type replaceOut struct {
	File   string `json:"file" doc:"Path of the file written."`
	Count  int    `json:"count" doc:"How many places were replaced."`
	Counts []int  `json:"counts" doc:"How many for each text, in order: find first, then replacements."`
}

type finder struct {
	re    *regexp.Regexp
	with  string
	regex bool
}

func (in replaceIn) finders() ([]finder, error) {
	all := in.Replacements
	if in.Find != "" {
		all = append([]replacement{{in.Find, in.Replace}}, all...)
	}
	out := make([]finder, 0, len(all))
	for _, r := range all {
		pattern := r.Find
		if pattern == "" {
			return nil, input("write what to look for", "one of the replacements finds nothing")
		}
		if !in.Regex {
			// Word puts other blanks and quotes than people type; blanks are
			// found whatever they are.
			pattern = regexp.QuoteMeta(pattern)
			pattern = strings.ReplaceAll(pattern, " ", "[ \u00a0\u202f]")
		}
		if !in.MatchCase {
			pattern = "(?i)" + pattern
		}
		re, err := regexp.Compile(pattern)
		if err != nil {
			return nil, input("correct the regular expression", "%q is not a regular expression: %v", r.Find, err)
		}
		out = append(out, finder{re, r.Replace, in.Regex})
	}
	return out, nil
}

func replaceText(ctx context.Context, env *node.Env, in replaceIn) (replaceOut, error) {
	finders, err := in.finders()
	if err != nil {
		return replaceOut{}, err
	}
	out := replaceOut{Counts: make([]int, len(finders))}
	out.File, err = in.change(env, in.target, func(d *docx.File) error {
		parts, err := in.parts(d)
		if err != nil {
			return err
		}
		for _, part := range parts {
			t, err := d.Tree(part)
			if err != nil {
				return err
			}
			for i, p := range t.All("w:p") {
				if i%256 == 0 && ctx.Err() != nil {
					return ctx.Err()
				}
				for k, f := range finders {
					most := -1
					if in.FirstOnly {
						if out.Counts[k] > 0 {
							continue
						}
						most = 1
					}
					n, err := f.replace(p, in.WholeWord, most)
					if err != nil {
						return err
					}
					if n > 0 {
						d.Touch(part)
						// Text boxes are stored twice; the copy for old
						// programs does not count.
						if !inFallback(p, t) {
							out.Counts[k] += n
						}
					}
				}
			}
		}
		return nil
	})
	for _, n := range out.Counts {
		out.Count += n
	}
	return out, err
}

func (f finder) replace(p *docx.Node, word bool, most int) (int, error) {
	spans := docx.Spans(p)
	text := docx.Join(spans)
	if text == "" {
		return 0, nil
	}
	var edits []docx.Edit
	for _, m := range f.re.FindAllStringSubmatchIndex(text, -1) {
		if m[0] == m[1] || word && (insideWord(text, m[0]) || insideWord(text, m[1])) {
			continue
		}
		with := f.with
		if f.regex {
			with = string(f.re.ExpandString(nil, f.with, text, m))
		}
		edits = append(edits, docx.Edit{From: m[0], To: m[1], Insert: with})
		if most > 0 && len(edits) >= most {
			break
		}
	}
	if len(edits) == 0 {
		return 0, nil
	}
	if err := docx.Apply(p, spans, edits, nil); err != nil {
		return 0, errors.Join(errors.New("replacing text"), err)
	}
	return len(edits), nil
}

// insideWord reports whether a word goes on across the place i.
func insideWord(s string, i int) bool {
	left, _ := utf8.DecodeLastRuneInString(s[:i])
	right, _ := utf8.DecodeRuneInString(s[i:])
	isWord := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }
	return isWord(left) && isWord(right)
}
