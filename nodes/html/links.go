package html

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[linksIn, linksOut]{
		Type: "html.links", Title: "Links of HTML", Effect: node.Pure,
		Doc: "Lists what a page refers to: links, and if wanted images, scripts, styles, frames and media, with their texts and absolute addresses.",
		Examples: []node.Example[linksIn, linksOut]{{
			Title: "Links",
			In:    linksIn{source: source{HTML: `<a href="/a" title="t">A</a> <a href="mailto:x@y.z">mail</a> <a href="#top">up</a>`}, Schemes: []string{"http", "https"}, base: base{BaseURL: "https://x.org/p"}},
			Out: linksOut{Links: value.RowsOf([]any{map[string]any{"url": "https://x.org/a", "text": "A", "title": "t", "rel": "", "kind": "link", "tag": "a", "host": "x.org", "path": "/a"}}),
				URLs: []string{"https://x.org/a"}, Count: 1},
		}, {
			Title: "Images",
			In:    linksIn{source: source{HTML: `<img src="1.png" alt="One"><img srcset="2.png 1x, 3.png 2x">`}, Kinds: []string{"image"}},
			Out: linksOut{Links: value.RowsOf([]any{
				map[string]any{"url": "1.png", "text": "One", "title": "", "rel": "", "kind": "image", "tag": "img", "host": "", "path": "1.png"},
				map[string]any{"url": "2.png", "text": "", "title": "", "rel": "", "kind": "image", "tag": "img", "host": "", "path": "2.png"},
				map[string]any{"url": "3.png", "text": "", "title": "", "rel": "", "kind": "image", "tag": "img", "host": "", "path": "3.png"}}),
				URLs: []string{"1.png", "2.png", "3.png"}, Count: 3},
		}},
		Check: func(in linksIn) error {
			for _, k := range in.Kinds {
				if !slices.Contains(linkKinds, k) {
					return wrong("the kinds are "+strings.Join(linkKinds, ", "), "there is no kind %.40q of links", k)
				}
			}
			return nil
		},
		Run: links,
	})
}

var linkKinds = []string{"link", "image", "style", "script", "frame", "media", "resource", "form", "all"}

type linksIn struct {
	source
	Selector string   `json:"selector" doc:"CSS selector or XPath of the part of the page to look at; the whole page when empty."`
	Kinds    []string `json:"kinds" default:"[\"link\"]" doc:"What to list: link, image, style, script, frame, media, resource (other <link> elements), form, or all."`
	Schemes  []string `json:"schemes" doc:"Keep addresses with these schemes only, for instance http and https; all when empty. A relative address has none and is kept."`
	SameHost bool     `json:"same_host" doc:"Keep addresses on the host of base_url only."`
	Contains string   `json:"contains" doc:"Keep addresses that have this text in them only."`
	Anchors  bool     `json:"anchors" doc:"Also list links to places on the same page, such as #top."`
	All      bool     `json:"keep_duplicates" doc:"List an address as often as it occurs."`
	base
}

type linksOut struct {
	Links value.Rows `json:"links" doc:"For each a map of url, text, title, rel, kind, tag, host and path."`
	URLs  []string   `json:"urls" doc:"The addresses alone."`
	Count int        `json:"count" doc:"Number of links."`
}

// refer lists what an element refers to.
func refer(n *html.Node) (kind string, urls []string) {
	one := func(name string) []string {
		if v, ok := attr(n, name); ok && strings.TrimSpace(v) != "" {
			return []string{v}
		}
		return nil
	}
	switch n.DataAtom {
	case atom.A, atom.Area:
		return "link", one("href")
	case atom.Img:
		return "image", append(one("src"), sources(attrOf(n, "srcset"))...)
	case atom.Source:
		if n.Parent != nil && n.Parent.DataAtom == atom.Picture {
			return "image", append(one("src"), sources(attrOf(n, "srcset"))...)
		}
		return "media", one("src")
	case atom.Input:
		if strings.EqualFold(attrOf(n, "type"), "image") {
			return "image", one("src")
		}
	case atom.Script:
		return "script", one("src")
	case atom.Iframe, atom.Frame, atom.Embed:
		return "frame", one("src")
	case atom.Object:
		return "frame", one("data")
	case atom.Audio, atom.Video, atom.Track:
		return "media", append(one("src"), one("poster")...)
	case atom.Form:
		return "form", one("action")
	case atom.Link:
		rel := strings.Fields(strings.ToLower(attrOf(n, "rel")))
		switch {
		case slices.Contains(rel, "stylesheet"):
			return "style", one("href")
		case slices.Contains(rel, "icon"), slices.Contains(rel, "apple-touch-icon"):
			return "image", one("href")
		}
		return "resource", one("href")
	}
	return "", nil
}

// sources returns the addresses of a srcset.
func sources(set string) []string {
	var out []string
	for part := range strings.SplitSeq(set, ",") {
		if f := strings.Fields(part); len(f) > 0 && !strings.HasPrefix(f[0], "data:") {
			out = append(out, f[0])
		}
	}
	return out
}

func links(ctx context.Context, env *node.Env, in linksIn) (linksOut, error) {
	out := linksOut{URLs: []string{}}
	doc, err := in.parse(ctx)
	if err != nil {
		return out, err
	}
	resolve, err := in.resolver(doc)
	if err != nil {
		return out, err
	}
	parts := []*html.Node{doc}
	if in.Selector != "" {
		if parts, err = elements(ctx, doc, in.Selector); err != nil {
			return out, err
		}
	}
	kinds := in.Kinds
	if len(kinds) == 0 {
		kinds = []string{"link"}
	}
	page, err := url.Parse(resolve(""))
	if err != nil {
		page = &url.URL{}
	}
	seen := map[string]bool{}
	visited := map[*html.Node]bool{}
	out.Links, err = env.Rows(ctx, func(yield func(any) bool) error {
		stored := true
		for _, p := range parts {
			walk(p, func(n *html.Node) bool {
				if !stored || ctx.Err() != nil || visited[n] {
					return false
				}
				kind, urls := refer(n)
				if kind == "" || !slices.Contains(kinds, kind) && !slices.Contains(kinds, "all") {
					return true
				}
				visited[n] = true
				for _, raw := range urls {
					if row := in.row(n, kind, raw, resolve, page, seen); row != nil {
						stored = stored && yield(row)
						out.URLs = append(out.URLs, row["url"].(string))
						out.Count++
					}
				}
				return true
			})
		}
		if !stored {
			return node.Failf(node.KindError, "a link could not be stored")
		}
		return ctx.Err()
	})
	return out, err
}

// row describes one reference; nil when it is not wanted.
func (in linksIn) row(n *html.Node, kind, raw string, resolve func(string) string, page *url.URL, seen map[string]bool) map[string]any {
	raw = strings.TrimSpace(raw)
	if strings.HasPrefix(raw, "#") && !in.Anchors {
		return nil
	}
	full := resolve(raw)
	u, err := url.Parse(full)
	if err != nil {
		u = &url.URL{}
	}
	switch {
	case !in.All && seen[full],
		in.Contains != "" && !strings.Contains(full, in.Contains),
		in.SameHost && u.Host != "" && !strings.EqualFold(u.Host, page.Host),
		in.SameHost && u.Host == "" && u.Scheme != "",
		len(in.Schemes) > 0 && u.Scheme != "" && !slices.Contains(in.Schemes, u.Scheme):
		return nil
	}
	seen[full] = true
	text := squeeze(visible(n))
	if kind == "image" {
		text = squeeze(attrOf(n, "alt"))
	} else if text == "" {
		if img := first(n, atom.Img); img != nil {
			text = squeeze(attrOf(img, "alt"))
		}
	}
	if n.DataAtom == atom.Script || n.DataAtom == atom.Form {
		text = ""
	}
	return map[string]any{"url": full, "text": text, "title": attrOf(n, "title"), "rel": attrOf(n, "rel"), "kind": kind, "tag": n.Data, "host": u.Host, "path": u.Path}
}
