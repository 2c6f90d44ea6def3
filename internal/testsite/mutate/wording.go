package mutate

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// Elements whose own text is wording, and those of them that get another text whatever it is.
var (
	worded  = []string{"label", "button", "legend", "h1", "h2", "h3", "h4", "th", "a", "summary", "caption"}
	renamed = []string{"label", "button", "legend"}
)

// reword says the labels of a page in other words. A text is said the same way on every page of a seed.
func (t *tree) reword(n *html.Node) {
	if has(n, "contenteditable") {
		return
	}
	for i := range n.Attr {
		a := &n.Attr[i]
		switch {
		case a.Key == "placeholder", a.Key == "aria-label", a.Key == "title", a.Key == "alt" && n.Data == "input":
			a.Val = t.say(a.Val, a.Key == "placeholder")
		case a.Key == "value" && n.Data == "input" && slices.Contains([]string{"submit", "button", "reset"}, attr(n, "type")) && !has(n, "name"):
			a.Val = t.say(a.Val, true)
		}
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch {
		case c.Type == html.TextNode && slices.Contains(worded, n.Data):
			c.Data = t.say(c.Data, slices.Contains(renamed, n.Data))
		case c.Type == html.TextNode && (n.Data == "span" || n.Data == "b") && n.Parent != nil && n.Parent.Data == "label":
			c.Data = t.say(c.Data, false)
		case c.Type == html.ElementNode && c.Namespace == "":
			t.reword(c)
		}
	}
}

// say returns other words for a text, with the space around it as it was. If none are known, the text is changed
// only if it must be, and never if it holds digits: then it is data.
func (s scramble) say(text string, must bool) string {
	core := strings.TrimSpace(text)
	if utf8.RuneCountInString(core) < 2 || len(core) > 80 {
		return text
	}
	at := strings.Index(text, core)
	return text[:at] + s.other(core, must) + text[at+len(core):]
}

func (s scramble) other(core string, must bool) string {
	key := strings.ToLower(strings.TrimRight(core, ":*. "))
	if among := phrases[key]; among != nil {
		return pick(s, key, among)
	}
	words := strings.Split(core, " ")
	changed := false
	for i, w := range words {
		bare := strings.TrimRight(w, ":,.?!")
		among := terms[strings.ToLower(bare)]
		if among == nil {
			continue
		}
		said := pick(s, bare, among)
		if r, _ := utf8.DecodeRuneInString(w); unicode.IsUpper(r) {
			first, n := utf8.DecodeRuneInString(said)
			said = string(unicode.ToUpper(first)) + said[n:]
		}
		words[i], changed = said+w[len(bare):], true
	}
	if changed {
		return strings.Join(words, " ")
	}
	if !must || strings.ContainsAny(core, "0123456789") || !strings.ContainsFunc(core, unicode.IsLetter) {
		return core
	}
	return strings.ReplaceAll(pick(s, core, []string{"Please: %", "% …", "Your choice: %", "» %"}), "%", core)
}

func pick(s scramble, what string, among []string) string {
	return among[s.hash("word", strings.ToLower(what))%uint64(len(among))]
}
