package httpnode

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[paginateIn, paginateOut]{
		Type:   "http.paginate",
		Title:  "Get all pages",
		Doc:    "Gets a list that a service hands out page by page, as one list of any length. It stops at an empty page, at a page shorter than size, when there is no next page, or at the limits. A service that sends the same page or the same link again fails the step rather than going on for ever. Credentials are not sent to another host that a link leads to.",
		Effect: node.Read,
		Examples: []node.Example[paginateIn, paginateOut]{{
			Title: "Follow the link to the next page in the answer",
			In:    paginateIn{URL: "http://api.example.com/orders", Mode: "next_url", Items: "data", Next: "links.next"},
			Serve: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Query().Get("p") == "" {
					fmt.Fprint(w, `{"data": [1, 2], "links": {"next": "/orders?p=2"}}`)
					return
				}
				fmt.Fprint(w, `{"data": [3], "links": {"next": null}}`)
			}),
			Out: paginateOut{Items: value.RowsOf([]any{1, 2, 3}), Count: 3, Pages: 2, Complete: true},
		}, {
			Title: "Count pages",
			In:    paginateIn{URL: "http://api.example.com/orders", Mode: "page", Size: 2, SizeParam: "per_page"},
			Serve: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				fmt.Fprint(w, map[string]string{"1": `["a","b"]`, "2": `["c"]`}[r.URL.Query().Get("page")])
			}),
			Out: paginateOut{Items: value.RowsOf([]any{"a", "b", "c"}), Count: 3, Pages: 2, Complete: true},
		}},
		Check: func(in paginateIn) error { return in.check() },
		Run:   paginate,
	})
}

type paginateIn struct {
	URL         string `json:"url" is:"required" doc:"Address of the first page."`
	Mode        string `json:"mode" default:"link" enum:"link,next_url,cursor,page,offset" doc:"How the service leads on: link (a Link header with rel=next), next_url (an address in the answer), cursor (a text in the answer to send back), page (page numbers) or offset (how many items to leave out)."`
	Items       string `json:"items" doc:"Where the list is in the answer, such as data.items; empty when the answer itself is the list."`
	Next        string `json:"next" when:"mode=cursor" doc:"Where the next address or cursor is in the answer, such as meta.next_cursor, for next_url and cursor."`
	CursorParam string `json:"cursor_param" default:"cursor" when:"mode=cursor" doc:"Query parameter that takes the cursor."`
	PageParam   string `json:"page_param" default:"page" when:"mode=page" doc:"Query parameter that takes the page number."`
	FirstPage   int    `json:"first_page" default:"1" min:"0" when:"mode=page" doc:"Number of the first page."`
	OffsetParam string `json:"offset_param" default:"offset" when:"mode=offset" doc:"Query parameter that takes the offset."`
	Size        int    `json:"size" min:"0" doc:"Items a page. A shorter page is the last one. Needed for offset unless every page is to be asked for until one is empty."`
	SizeParam   string `json:"size_param" doc:"Query parameter that takes the size, such as limit or per_page; not sent when empty."`
	MaxPages    int    `json:"max_pages" default:"1000" min:"1" doc:"Most pages to get; the output complete then tells whether that was all."`
	MaxItems    int    `json:"max_items" min:"0" doc:"Most items to get; 0 means all."`
	options
	MaxPageSize int `json:"max_page_size" default:"67108864" min:"1" is:"advanced" doc:"Largest page in bytes."`
}

type paginateOut struct {
	Items    value.Rows `json:"items" doc:"The items of all pages in order."`
	Count    int        `json:"count" doc:"How many items there are."`
	Pages    int        `json:"pages" doc:"How many pages were fetched."`
	Complete bool       `json:"complete" doc:"False if a limit ended it before the last page."`
}

func (in paginateIn) check() error {
	if (in.Mode == "next_url" || in.Mode == "cursor") && in.Next == "" {
		return input("say where in the answer it is, such as meta.next", "the mode %s needs next", in.Mode)
	}
	if _, err := parseStatuses(in.Expect); err != nil {
		return err
	}
	return in.Auth.check()
}

// pager is the state of going through the pages.
type pager struct {
	in     paginateIn
	c      *call
	origin *url.URL
	number int // of the page, or the offset
	seen   map[[32]byte]bool
	last   [32]byte
	out    paginateOut
}

func paginate(ctx context.Context, env *node.Env, in paginateIn) (paginateOut, error) {
	if err := in.check(); err != nil {
		return paginateOut{}, err
	}
	c, err := newCall(ctx, env, in.options, http.MethodGet, in.URL)
	if err != nil {
		return paginateOut{}, err
	}
	defer c.done()
	c.maxBody = int64(in.MaxPageSize)
	p := &pager{in: in, c: c, origin: c.url, seen: map[[32]byte]bool{}}
	if in.SizeParam != "" && in.Size > 0 {
		c.url = withParam(c.url, in.SizeParam, strconv.Itoa(in.Size))
	}
	switch in.Mode {
	case "page":
		p.number = in.FirstPage
		c.url = withParam(c.url, in.PageParam, strconv.Itoa(p.number))
	case "offset":
		c.url = withParam(c.url, in.OffsetParam, "0")
	}
	p.out.Items, err = env.Rows(ctx, func(yield func(any) bool) error {
		for {
			more, err := p.page(ctx, yield)
			if err != nil || !more {
				return err
			}
		}
	})
	return p.out, err
}

// page gets one page and prepares the call for the next one.
func (p *pager) page(ctx context.Context, yield func(any) bool) (more bool, err error) {
	key := sha256.Sum256([]byte(p.c.url.String()))
	if p.seen[key] {
		return false, p.loops("the service leads back to a page that was fetched already")
	}
	p.seen[key] = true
	res, err := p.c.do(ctx)
	if err != nil {
		return false, err
	}
	p.out.Pages++
	body, err := res.parse("json")
	if err != nil {
		return false, p.c.tell(err)
	}
	found, err := dig(body, p.in.Items)
	if err != nil {
		return false, input("correct items", "page %d: %v", p.out.Pages, err)
	}
	items, ok := found.([]any)
	if !ok && found != nil {
		return false, input("say in items where the list is", "page %d holds a %s at %q, not a list", p.out.Pages, value.Kind(found), p.in.Items)
	}
	sum := sha256.Sum256(res.body)
	counted := p.in.Mode == "page" || p.in.Mode == "offset"
	if counted && len(items) > 0 && p.out.Pages > 1 && sum == p.last {
		return false, p.loops("the service sends the same page again, so it does not know the parameter")
	}
	p.last = sum
	for i, item := range items {
		if !yield(item) {
			return false, nil
		}
		if p.out.Count++; p.out.Count == p.in.MaxItems {
			next, err := p.next(res, body, len(items))
			p.out.Complete = err == nil && next == nil && i == len(items)-1
			return false, err
		}
	}
	p.c.env.Progress("getting pages", p.out.Pages, 0)
	next, err := p.next(res, body, len(items))
	if err != nil {
		return false, err
	}
	if next == nil {
		p.out.Complete = true
		return false, nil
	}
	if p.out.Pages >= p.in.MaxPages {
		return false, nil
	}
	if !sameOrigin(p.origin, next) {
		p.c.opt.Auth = auth{}
		p.c.opt.Headers = nil
	}
	p.c.url = next
	p.c.what = http.MethodGet + " " + shown(next)
	return true, nil
}

func (p *pager) loops(why string) error {
	return node.Fail(node.KindError, fmt.Sprintf("%s, page %d: %s", p.c.what, p.out.Pages+1, why), "check mode and the names of the parameters, or set max_pages")
}

// next returns the address of the page after this one; nil means it was the
// last.
func (p *pager) next(res *response, body any, items int) (*url.URL, error) {
	short := items == 0 || p.in.Size > 0 && items < p.in.Size
	switch p.in.Mode {
	case "page":
		if short {
			return nil, nil
		}
		p.number++
		return withParam(p.c.url, p.in.PageParam, strconv.Itoa(p.number)), nil
	case "offset":
		if short {
			return nil, nil
		}
		p.number += items
		return withParam(p.c.url, p.in.OffsetParam, strconv.Itoa(p.number)), nil
	case "link":
		return p.follow(res, nextLink(res.Header.Values("Link")))
	}
	found, err := dig(body, p.in.Next)
	if err != nil {
		return nil, nil // the last page often lacks the field
	}
	s := ""
	switch x := found.(type) {
	case nil, bool, []any, map[string]any:
		return nil, nil
	default:
		if s, err = scalar(x); err != nil || s == "" {
			return nil, nil
		}
	}
	if p.in.Mode == "next_url" {
		return p.follow(res, s)
	}
	if items == 0 {
		return nil, nil
	}
	return withParam(p.c.url, p.in.CursorParam, s), nil
}

func (p *pager) follow(res *response, link string) (*url.URL, error) {
	if link == "" {
		return nil, nil
	}
	u, err := res.Request.URL.Parse(link)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return nil, node.Fail(node.KindHTTP, fmt.Sprintf("%s: the address of the page after page %d cannot be read", p.c.what, p.out.Pages), "")
	}
	u.Fragment = ""
	// A key in the query of the address is added anew to each request.
	if a := p.c.opt.Auth; a.Kind == "query" {
		q := u.Query()
		if q.Has(a.Name) {
			q.Del(a.Name)
			u.RawQuery = q.Encode()
		}
	}
	return u, nil
}

func withParam(u *url.URL, name, val string) *url.URL {
	n := *u
	q := n.Query()
	q.Set(name, val)
	n.RawQuery = q.Encode()
	return &n
}

// nextLink finds rel=next in Link headers (RFC 8288).
func nextLink(headers []string) string {
	for _, h := range headers {
		for h != "" {
			start := strings.IndexByte(h, '<')
			if start < 0 {
				break
			}
			end := strings.IndexByte(h[start:], '>')
			if end < 0 {
				break
			}
			target, rest := h[start+1:start+end], h[start+end+1:]
			attrs := rest
			if i := nextTarget(rest); i >= 0 {
				attrs, h = rest[:i], rest[i:]
			} else {
				h = ""
			}
			rel := params(strings.ReplaceAll(attrs, ";", ","))["rel"]
			for _, r := range strings.Fields(rel) {
				if strings.EqualFold(r, "next") {
					return target
				}
			}
		}
	}
	return ""
}

// nextTarget returns where the next <target> of a Link header begins, outside
// quotes, or -1.
func nextTarget(s string) int {
	quoted := false
	for i := range len(s) {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == '<' && !quoted:
			return i
		}
	}
	return -1
}

// dig follows a dotted path into a value; numbers are indexes of lists, and a
// dot in a key is written \. .
func dig(v any, path string) (any, error) {
	if path == "" {
		return v, nil
	}
	for _, key := range splitPath(path) {
		switch x := v.(type) {
		case map[string]any:
			e, ok := x[key]
			if !ok {
				return nil, fmt.Errorf("there is no %q in the answer", key)
			}
			v = e
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(x) {
				return nil, fmt.Errorf("there is no element %q in a list of %d", key, len(x))
			}
			v = x[i]
		default:
			return nil, fmt.Errorf("%q leads into a %s", key, value.Kind(v))
		}
	}
	return v, nil
}

func splitPath(path string) []string {
	var keys []string
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		switch {
		case path[i] == '\\' && i+1 < len(path):
			i++
			b.WriteByte(path[i])
		case path[i] == '.':
			keys = append(keys, b.String())
			b.Reset()
		default:
			b.WriteByte(path[i])
		}
	}
	return append(keys, b.String())
}
