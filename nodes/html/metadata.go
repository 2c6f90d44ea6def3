package html

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	const text = `<html lang="en"><head><title> A page </title><meta name="description" content="About"><meta property="og:image" content="/i.png">
<link rel="canonical" href="/page"><script type="application/ld+json">{"@type":"Product","name":"Cup"}</script></head><body><h1>Cup</h1></body></html>`
	node.Register(node.Spec[metadataIn, metadataOut]{
		Type: "html.metadata", Title: "Facts of HTML", Effect: node.Pure,
		Doc: "Reads what a page says about itself: title, description, language, canonical address, meta tags, Open Graph, Twitter cards, JSON-LD, microdata, feeds, icons and headings.",
		Examples: []node.Example[metadataIn, metadataOut]{{
			Title: "A product page",
			In:    metadataIn{source: source{HTML: text}, base: base{BaseURL: "https://x.org/p"}},
			Out: metadataOut{Title: "A page", Description: "About", Language: "en", Canonical: "https://x.org/page", Image: "https://x.org/i.png",
				Meta: map[string]any{"description": "About", "og:image": "/i.png"}, OpenGraph: map[string]any{"image": "/i.png"}, Twitter: map[string]any{},
				JSONLD: []any{map[string]any{"@type": "Product", "name": "Cup"}}, Microdata: []any{}, Feeds: []any{}, Icons: []string{}, Alternates: []any{},
				Headings: []any{map[string]any{"level": 1, "text": "Cup", "id": ""}}, Broken: 0},
		}},
		Run: metadata,
	})
}

type metadataIn struct {
	source
	base
}

type metadataOut struct {
	Title       string         `json:"title" doc:"Title of the page; that for Open Graph or the first heading when there is none."`
	Description string         `json:"description" doc:"Description of the page."`
	Language    string         `json:"language" doc:"Language that the page names."`
	Charset     string         `json:"charset" doc:"Encoding that the page names."`
	Canonical   string         `json:"canonical" doc:"Address that the page gives as its own."`
	Image       string         `json:"image" doc:"Address of the image that stands for the page."`
	Meta        map[string]any `json:"meta" doc:"All meta tags by name; a list where one repeats."`
	OpenGraph   map[string]any `json:"open_graph" doc:"Meta tags of Open Graph, without og: at their start."`
	Twitter     map[string]any `json:"twitter" doc:"Meta tags for Twitter, without twitter: at their start."`
	JSONLD      []any          `json:"json_ld" doc:"Structured data in JSON-LD, one after the other."`
	Broken      int            `json:"json_ld_broken" doc:"Number of JSON-LD blocks that are no JSON."`
	Microdata   []any          `json:"microdata" doc:"Structured data in microdata: maps of type, id and properties, which are lists."`
	Feeds       []any          `json:"feeds" doc:"Feeds of the page: maps of url, title and type."`
	Icons       []string       `json:"icons" doc:"Addresses of icons."`
	Alternates  []any          `json:"alternates" doc:"The page in other languages: maps of url and language."`
	Headings    []any          `json:"headings" doc:"Headings: maps of level, text and id."`
}

// maxFacts bounds the texts of items inside of items, and of headings inside
// of headings, which hold the same text many times.
const maxFacts = 16 << 20

// facts collects what a page says.
type facts struct {
	metadataOut
	resolve func(string) string
	left    int
}

// text returns a text while there is room.
func (f *facts) text(s string) string {
	if f.left -= len(s); f.left < 0 {
		return ""
	}
	return s
}

func metadata(ctx context.Context, _ *node.Env, in metadataIn) (metadataOut, error) {
	out := metadataOut{Meta: map[string]any{}, OpenGraph: map[string]any{}, Twitter: map[string]any{}, JSONLD: []any{}, Microdata: []any{}, Feeds: []any{}, Icons: []string{}, Alternates: []any{}, Headings: []any{}}
	doc, err := in.parse(ctx)
	if err != nil {
		return out, err
	}
	resolve, err := in.resolver(doc)
	if err != nil {
		return out, err
	}
	f := &facts{metadataOut: out, resolve: resolve, left: maxFacts}
	walk(doc, func(n *html.Node) bool {
		if n.Type == html.ElementNode {
			f.element(n)
		}
		return ctx.Err() == nil
	})
	out = f.metadataOut
	if out.Title == "" {
		out.Title, _ = out.OpenGraph["title"].(string)
	}
	if out.Title == "" && len(out.Headings) > 0 {
		out.Title, _ = out.Headings[0].(map[string]any)["text"].(string)
	}
	out.Description = firstText(out.Meta["description"], out.OpenGraph["description"], out.Twitter["description"])
	if image := firstText(out.OpenGraph["image"], out.OpenGraph["image:url"], out.Twitter["image"], out.Twitter["image:src"]); image != "" {
		out.Image = resolve(image)
	}
	return out, ctx.Err()
}

func firstText(values ...any) string {
	for _, v := range values {
		if list, ok := v.([]any); ok && len(list) > 0 {
			v = list[0]
		}
		if s, ok := v.(string); ok && s != "" {
			return s
		}
	}
	return ""
}

func add(m map[string]any, key, v string) {
	switch old := m[key].(type) {
	case nil:
		m[key] = v
	case []any:
		m[key] = append(old, v)
	default:
		m[key] = []any{old, v}
	}
}

func (f *facts) element(n *html.Node) {
	switch n.DataAtom {
	case atom.Html:
		f.Language = firstText(attrOf(n, "lang"), attrOf(n, "xml:lang"))
	case atom.Title:
		if f.Title == "" && !within(n, atom.Svg) {
			f.Title = squeeze(content(n))
		}
	case atom.Meta:
		f.meta(n)
	case atom.Link:
		f.link(n)
	case atom.Script:
		if strings.EqualFold(strings.TrimSpace(strings.Split(attrOf(n, "type"), ";")[0]), "application/ld+json") {
			f.jsonLD(content(n))
		}
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		f.Headings = append(f.Headings, map[string]any{"level": int(n.Data[1] - '0'), "text": f.text(squeeze(f.visible(n))), "id": attrOf(n, "id")})
	}
	if _, scope := attr(n, "itemscope"); scope {
		if _, inner := attr(n, "itemprop"); !inner {
			f.Microdata = append(f.Microdata, f.item(n, 0))
		}
	}
}

func (f *facts) meta(n *html.Node) {
	if c := attrOf(n, "charset"); c != "" {
		f.Charset = strings.ToLower(c)
	}
	name := firstText(attrOf(n, "name"), attrOf(n, "property"), attrOf(n, "itemprop"), attrOf(n, "http-equiv"))
	v, ok := attr(n, "content")
	if name == "" || !ok {
		return
	}
	name = strings.ToLower(strings.TrimSpace(name))
	v = strings.TrimSpace(v)
	add(f.Meta, name, v)
	if rest, ok := strings.CutPrefix(name, "og:"); ok {
		add(f.OpenGraph, rest, v)
	}
	if rest, ok := strings.CutPrefix(name, "twitter:"); ok {
		add(f.Twitter, rest, v)
	}
	if name == "content-type" {
		if _, c, ok := strings.Cut(strings.ToLower(v), "charset="); ok {
			f.Charset = strings.TrimSpace(c)
		}
	}
}

func (f *facts) link(n *html.Node) {
	href := attrOf(n, "href")
	if href == "" {
		return
	}
	rel := strings.Fields(strings.ToLower(attrOf(n, "rel")))
	typ := strings.ToLower(attrOf(n, "type"))
	switch {
	case slices.Contains(rel, "canonical"):
		f.Canonical = f.resolve(href)
	case slices.Contains(rel, "icon"), slices.Contains(rel, "apple-touch-icon"):
		f.Icons = append(f.Icons, f.resolve(href))
	case slices.Contains(rel, "alternate") && (strings.Contains(typ, "rss") || strings.Contains(typ, "atom") || strings.Contains(typ, "feed+json")):
		f.Feeds = append(f.Feeds, map[string]any{"url": f.resolve(href), "title": attrOf(n, "title"), "type": typ})
	case slices.Contains(rel, "alternate") && attrOf(n, "hreflang") != "":
		f.Alternates = append(f.Alternates, map[string]any{"url": f.resolve(href), "language": attrOf(n, "hreflang")})
	}
}

func (f *facts) jsonLD(text string) {
	text = strings.TrimSpace(text)
	text = strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(text, "<!--"), "-->"))
	text = strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(text, "//<![CDATA["), "//]]>"))
	v, err := value.Parse([]byte(text))
	if err != nil {
		// Line ends inside of texts are a common slip.
		if v, err = value.Parse([]byte(strings.NewReplacer("\r", " ", "\n", " ", "\t", " ").Replace(text))); err != nil {
			f.Broken++
			return
		}
	}
	if list, ok := v.([]any); ok {
		f.JSONLD = append(f.JSONLD, list...)
		return
	}
	f.JSONLD = append(f.JSONLD, v)
}

// item reads an item of microdata with all below it.
func (f *facts) item(n *html.Node, depth int) map[string]any {
	props := map[string]any{}
	var visit func(e *html.Node)
	visit = func(e *html.Node) {
		if e.Type != html.ElementNode {
			return
		}
		_, scope := attr(e, "itemscope")
		if names, ok := attr(e, "itemprop"); ok {
			var v any
			if scope && depth < 50 {
				v = f.item(e, depth+1)
			} else {
				v = f.text(f.property(e))
			}
			for _, name := range strings.Fields(names) {
				list, _ := props[name].([]any)
				props[name] = append(list, v)
			}
		}
		if scope {
			return
		}
		for c := e.FirstChild; c != nil; c = c.NextSibling {
			visit(c)
		}
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		visit(c)
	}
	return map[string]any{"type": attrOf(n, "itemtype"), "id": attrOf(n, "itemid"), "properties": props}
}

func (f *facts) property(n *html.Node) string {
	switch n.DataAtom {
	case atom.Meta:
		return attrOf(n, "content")
	case atom.A, atom.Area, atom.Link:
		return f.resolve(attrOf(n, "href"))
	case atom.Img, atom.Audio, atom.Video, atom.Embed, atom.Iframe, atom.Source, atom.Track:
		return f.resolve(attrOf(n, "src"))
	case atom.Object:
		return f.resolve(attrOf(n, "data"))
	case atom.Data, atom.Meter:
		return attrOf(n, "value")
	case atom.Time:
		if v, ok := attr(n, "datetime"); ok {
			return v
		}
	}
	if v, ok := attr(n, "content"); ok {
		return v
	}
	return f.visible(n)
}

func (f *facts) visible(n *html.Node) string {
	if f.left < 0 {
		return ""
	}
	return visible(n)
}
