package html

import (
	"context"
	"slices"
	"strings"

	"github.com/JohannesKaufmann/html-to-markdown/v2/converter"
	mdbase "github.com/JohannesKaufmann/html-to-markdown/v2/plugin/base"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/commonmark"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/strikethrough"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/table"
	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[markdownIn, markdownOut]{
		Type: "html.to_markdown", Title: "HTML to Markdown", Effect: node.Pure,
		Doc: "Writes a page or a part of it as Markdown: headings, lists, links, images, tables and code. It is a good form to hand a page to a language model. Scripts and styles are left out.",
		Examples: []node.Example[markdownIn, markdownOut]{{
			Title: "An article",
			In:    markdownIn{source: source{HTML: `<nav>menu</nav><article><h1>News</h1><p>See <a href="/a"><b>this</b></a>.</p><ul><li>one</li><li>two</li></ul></article>`}, Selector: "article", base: base{BaseURL: "https://x.org"}},
			Out:   markdownOut{Markdown: "# News\n\nSee [**this**](https://x.org/a).\n\n- one\n- two"},
		}, {
			Title: "A table",
			In:    markdownIn{source: source{HTML: `<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>`}},
			Out:   markdownOut{Markdown: "| a | b |\n|---|---|\n| 1 | 2 |"},
		}},
		Run: markdown,
	})
	node.Register(node.Spec[sanitizeIn, sanitizeOut]{
		Type: "html.sanitize", Title: "Sanitize HTML", Effect: node.Pure,
		Doc: "Removes everything from HTML that could do harm or is not wanted: scripts, handlers of events, styles, frames and forms. Use it on HTML from outside before it goes into a page or mail.",
		Examples: []node.Example[sanitizeIn, sanitizeOut]{{
			Title: "A comment from outside",
			In:    sanitizeIn{source: source{HTML: `<p onclick="x()">Hi <a href="javascript:y()">a</a> <a href="https://x.org">b</a><script>z()</script></p>`}},
			Out:   sanitizeOut{HTML: `<p>Hi a <a href="https://x.org" rel="nofollow">b</a></p>`},
		}, {
			Title: "Text alone",
			In:    sanitizeIn{source: source{HTML: "<b>Fish</b> &amp; chips<style>b{}</style>"}, Policy: "text"},
			Out:   sanitizeOut{HTML: "Fish &amp; chips"},
		}},
		Run: sanitize,
	})
}

type markdownIn struct {
	source
	Selector string   `json:"selector" doc:"CSS selector or XPath of the part to write, for instance main or article; the whole page when empty."`
	Remove   []string `json:"remove" doc:"CSS selectors or XPaths of what to leave out, for instance nav and footer."`
	Heading  string   `json:"headings" default:"atx" enum:"atx,setext" is:"advanced" doc:"How headings are written: with # before them, or underlined."`
	Bullet   string   `json:"bullet" default:"-" enum:"-,*,+" is:"advanced" doc:"Character before items of lists."`
	NoImages bool     `json:"no_images" doc:"Leave out images."`
	NoLinks  bool     `json:"no_links" doc:"Write the texts of links without their addresses."`
	base
}

type markdownOut struct {
	Markdown string `json:"markdown" doc:"The page as Markdown."`
}

// maxQuoted bounds the work on quotes and lists in each other: the library
// writes each line anew on every level.
const maxQuoted = 300_000_000

// quoted counts the nodes by the square of how many quotes and lists are around
// them.
func quoted(n *html.Node, depth int) int {
	if n.DataAtom == atom.Blockquote || n.DataAtom == atom.Li {
		depth++
	}
	sum := depth * depth
	for c := n.FirstChild; c != nil && sum <= maxQuoted; c = c.NextSibling {
		sum += quoted(c, depth)
	}
	return sum
}

func markdown(ctx context.Context, _ *node.Env, in markdownIn) (out markdownOut, err error) {
	doc, err := in.parse(ctx)
	if err != nil {
		return out, err
	}
	resolve, err := in.resolver(doc)
	if err != nil {
		return out, err
	}
	if in.NoImages {
		in.Remove = append(slices.Clone(in.Remove), "img, picture, svg")
	}
	for _, s := range in.Remove {
		found, err := elements(ctx, doc, s)
		if err != nil {
			return out, err
		}
		for _, n := range found {
			if n.Parent != nil {
				n.Parent.RemoveChild(n)
			}
		}
	}
	walk(doc, func(n *html.Node) bool {
		for i, a := range n.Attr {
			if in.NoLinks && n.Data == "a" && a.Key == "href" {
				n.Attr[i].Key = "data-href"
			} else if addresses[a.Key] && a.Val != "" {
				n.Attr[i].Val = resolve(a.Val)
			}
		}
		return true
	})
	parts := []*html.Node{doc}
	if in.Selector != "" {
		if parts, err = elements(ctx, doc, in.Selector); err != nil {
			return out, err
		}
	}
	if quoted(doc, 0) > maxQuoted {
		return out, wrong("name a part of the page in selector", "the page nests quotes and lists too deeply for its length to be written as Markdown")
	}
	defer caught("write this page as Markdown", &err)
	heading := commonmark.HeadingStyleATX
	if in.Heading == "setext" {
		heading = commonmark.HeadingStyleSetext
	}
	bullet := in.Bullet
	if bullet == "" {
		bullet = "-"
	}
	empty := commonmark.LinkBehaviorRender
	if in.NoLinks {
		empty = commonmark.LinkBehaviorSkip
	}
	c := converter.NewConverter(converter.WithPlugins(mdbase.NewBasePlugin(),
		commonmark.NewCommonmarkPlugin(commonmark.WithHeadingStyle(heading), commonmark.WithBulletListMarker(bullet), commonmark.WithListEndComment(false), commonmark.WithLinkEmptyHrefBehavior(empty)),
		strikethrough.NewStrikethroughPlugin(), table.NewTablePlugin(table.WithHeaderPromotion(true), table.WithNewlineBehavior(table.NewlineBehaviorPreserve), table.WithSpanCellBehavior(table.SpanBehaviorEmpty), table.WithSkipEmptyRows(true))))
	var texts []string
	for _, p := range parts {
		if err := ctx.Err(); err != nil {
			return out, err
		}
		b, err := c.ConvertNode(p, converter.WithContext(ctx))
		if err != nil {
			return out, wrong("", "the page cannot be written as Markdown: %v", err)
		}
		if s := strings.TrimSpace(string(b)); s != "" {
			texts = append(texts, s)
		}
	}
	return markdownOut{Markdown: strings.Join(texts, "\n\n")}, nil
}

type sanitizeIn struct {
	source
	Policy     string   `json:"policy" default:"content" enum:"text,basic,content,none" doc:"What may stay: text alone; basic formatting, lists and links; content, what articles are made of, with images and tables; or none but what allow_elements names."`
	Elements   []string `json:"allow_elements" doc:"Further elements that may stay."`
	Attributes []string `json:"allow_attributes" doc:"Further attributes that may stay on any element, such as class. Handlers of events are never let through."`
	Styles     []string `json:"allow_styles" is:"advanced" doc:"Properties of style attributes that may stay, such as color and text-align."`
	Schemes    []string `json:"schemes" default:"[\"http\", \"https\", \"mailto\", \"tel\"]" is:"advanced" doc:"Schemes that addresses may have."`
	NoRelative bool     `json:"no_relative" is:"advanced" doc:"Remove relative addresses."`
	DataImages bool     `json:"data_images" is:"advanced" doc:"Let images through that are part of the page (data:image)."`
	Follow     bool     `json:"follow" is:"advanced" doc:"Leave out rel=\"nofollow\" on links."`
	NewTab     bool     `json:"new_tab" is:"advanced" doc:"Make links to other hosts open in a new tab."`
}

type sanitizeOut struct {
	HTML string `json:"html" doc:"The HTML that is left."`
}

// never are elements and attributes that no policy lets through.
var never = []string{"script", "style", "iframe", "frame", "frameset", "object", "embed", "applet", "base", "meta", "link", "form", "input", "button", "textarea", "select", "svg", "math", "template", "noscript", "xmp", "plaintext", "title"}

func sanitize(ctx context.Context, _ *node.Env, in sanitizeIn) (out sanitizeOut, err error) {
	if err := bound(ctx, in.HTML); err != nil {
		return out, err
	}
	var p *bluemonday.Policy
	switch in.Policy {
	case "text":
		p = bluemonday.StrictPolicy()
	case "none":
		p = bluemonday.NewPolicy()
	case "basic":
		p = bluemonday.NewPolicy()
		p.AllowElements("p", "br", "b", "strong", "i", "em", "u", "s", "del", "ins", "sub", "sup", "code", "pre", "blockquote", "ul", "ol", "li", "span", "div", "hr", "small", "mark")
		p.AllowAttrs("href").OnElements("a")
	default:
		p = bluemonday.UGCPolicy()
	}
	for _, e := range in.Elements {
		e = strings.ToLower(strings.TrimSpace(e))
		if slices.Contains(never, e) {
			return out, wrong("", "the element %.40q can do harm and cannot be let through", e)
		}
		p.AllowElements(e)
	}
	for _, a := range in.Attributes {
		a = strings.ToLower(strings.TrimSpace(a))
		if strings.HasPrefix(a, "on") || a == "style" || a == "srcdoc" || !attributeName.MatchString(a) {
			return out, wrong("name single properties of style in allow_styles", "the attribute %.40q can do harm and cannot be let through", a)
		}
		p.AllowAttrs(a).Globally()
	}
	if len(in.Styles) > 0 {
		p.AllowStyles(in.Styles...).Globally()
	}
	if in.Policy != "text" {
		p.RequireParseableURLs(true)
		p.AllowRelativeURLs(!in.NoRelative)
		p.AllowURLSchemes(in.schemes()...)
		p.RequireNoFollowOnLinks(!in.Follow)
		p.AddTargetBlankToFullyQualifiedLinks(in.NewTab)
		if in.DataImages {
			p.AllowDataURIImages()
		}
	}
	defer caught("clean this HTML", &err)
	return sanitizeOut{HTML: p.Sanitize(in.HTML)}, ctx.Err()
}

func (in sanitizeIn) schemes() []string {
	var out []string
	for _, s := range in.Schemes {
		if s = strings.ToLower(s); s != "javascript" && s != "vbscript" && s != "data" {
			out = append(out, s)
		}
	}
	return out
}
