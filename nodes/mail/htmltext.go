package mail

import (
	"regexp"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

var metaRE = regexp.MustCompile(`(?i)<meta[^>]+charset\s*=\s*["']?([a-z0-9_:.-]+)`)

// metaCharset is the charset that the HTML itself names.
func metaCharset(b []byte) string {
	if m := metaRE.FindSubmatch(b[:min(len(b), 4096)]); m != nil {
		return string(m[1])
	}
	return ""
}

// htmlText makes plain text of HTML: lines where blocks end, nothing of
// scripts and styles, the address after a link that does not show it.
func htmlText(s string) string {
	z := html.NewTokenizer(strings.NewReader(s))
	t := textWriter{}
	for {
		switch z.Next() {
		case html.ErrorToken:
			return strings.TrimSpace(t.out.String())
		case html.TextToken:
			if t.hidden == 0 {
				t.text(string(z.Text()))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			a := atom.Lookup(name)
			href := ""
			for more && a == atom.A {
				var k, v []byte
				if k, v, more = z.TagAttr(); string(k) == "href" {
					href = string(v)
				}
			}
			t.open(a, href)
		case html.EndTagToken:
			name, _ := z.TagName()
			t.close(atom.Lookup(name))
		}
	}
}

type textWriter struct {
	out    strings.Builder
	hidden int    // depth inside of what is not shown
	pre    int    // depth inside of text whose spaces count
	space  bool   // a space is due before the next word
	lines  int    // line breaks at the end of out
	href   string // of the link we are in
	from   int    // where its text began
}

func (t *textWriter) text(s string) {
	s = strings.ReplaceAll(s, "\u00a0", " ")
	if t.pre > 0 {
		t.out.WriteString(s)
		t.lines = len(s) - len(strings.TrimRight(s, "\n"))
		return
	}
	words := strings.Fields(s)
	if len(words) == 0 {
		t.space = t.space || s != ""
		return
	}
	if (t.space || strings.TrimLeft(s[:1], " \t\r\n") == "") && t.lines == 0 && t.out.Len() > 0 {
		t.out.WriteByte(' ')
	}
	t.out.WriteString(strings.Join(words, " "))
	t.lines = 0
	t.space = strings.TrimRight(s[len(s)-1:], " \t\r\n") == ""
}

// newLines makes sure that the text ends with n line breaks.
func (t *textWriter) newLines(n int) {
	if t.out.Len() == 0 {
		return
	}
	for ; t.lines < n; t.lines++ {
		t.out.WriteByte('\n')
	}
	t.space = false
}

func (t *textWriter) open(a atom.Atom, href string) {
	switch a {
	case atom.Script, atom.Style, atom.Head, atom.Title, atom.Template:
		t.hidden++
	case atom.Br:
		t.newLines(t.lines + 1)
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Blockquote, atom.Ul, atom.Ol, atom.Table:
		t.newLines(2)
	case atom.Div, atom.Tr, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Hr:
		t.newLines(1)
	case atom.Li:
		t.newLines(1)
		t.out.WriteString("- ")
		t.space, t.lines = false, 1
	case atom.Td, atom.Th:
		t.space = true
	case atom.Pre:
		t.newLines(1)
		t.pre++
	case atom.Body:
		t.hidden = 0 // a head that was never closed
	case atom.A:
		t.href, t.from = href, t.out.Len()
	}
}

func (t *textWriter) close(a atom.Atom) {
	switch a {
	case atom.Script, atom.Style, atom.Head, atom.Title, atom.Template:
		t.hidden = max(0, t.hidden-1)
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Blockquote, atom.Ul, atom.Ol, atom.Table:
		t.newLines(2)
	case atom.Div, atom.Tr, atom.Li, atom.Section, atom.Article, atom.Header, atom.Footer:
		t.newLines(1)
	case atom.Pre:
		t.pre = max(0, t.pre-1)
		t.newLines(1)
	case atom.A:
		shown := strings.TrimSpace(t.out.String()[min(t.from, t.out.Len()):])
		web := strings.HasPrefix(t.href, "http://") || strings.HasPrefix(t.href, "https://")
		if web && shown != "" && shown != t.href && t.hidden == 0 {
			t.out.WriteString(" <" + t.href + ">")
			t.lines = 0
		}
		t.href = ""
	}
}
