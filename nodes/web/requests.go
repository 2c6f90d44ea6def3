package web

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[requestsIn, requestsOut]{
		Type: "web.requests", Title: "Read requests of page",
		Doc:    "Returns what the current tab has asked the network for, since a number: give next of the last call to get what came later. The last five hundred at least are kept. Headers and bodies are not, since they hold passwords and keys.",
		Effect: node.Read,
		Examples: []node.Example[requestsIn, requestsOut]{{
			Title: "Look for requests that failed", In: requestsIn{Failed: true},
			Out: requestsOut{Requests: []any{map[string]any{"number": 12, "method": "GET", "url": "https://shop.example.com/api/cart", "kind": "xhr", "status": 503, "type": "application/json", "bytes": 211, "cached": false, "at": "2026-01-02T03:04:05Z", "milliseconds": 84, "error": "", "open": false}}, Count: 1, Next: 31}, DocOnly: needsBrowser,
		}},
		Check: func(in requestsIn) error {
			for _, k := range in.Kinds {
				if !slices.Contains(browser.ResourceTypes, k) && !strings.Contains(k, "{{") {
					return fmt.Errorf("pages load no %q; write of kinds %s", k, strings.Join(browser.ResourceTypes, ", "))
				}
			}
			return nil
		},
		Run: func(ctx context.Context, env *node.Env, in requestsIn) (requestsOut, error) {
			return look(ctx, env, in.In, func(ctx context.Context, p *browser.Page) (requestsOut, error) {
				if err := p.Ask(ctx, "0", nil); err != nil { // a turn of the page, so that what it has asked for is here
					return requestsOut{}, err
				}
				out := requestsOut{Requests: []any{}, Next: in.After}
				for _, r := range p.Requests(in.After) {
					out.Next = r.N
					if len(in.Kinds) > 0 && !slices.Contains(in.Kinds, r.Kind) || in.Failed && r.Error == "" && r.Status < 400 {
						continue
					}
					out.Count++
					out.Requests = append(out.Requests, map[string]any{
						"number": r.N, "method": r.Method, "url": r.URL, "kind": r.Kind, "status": r.Status, "type": r.Type, "bytes": r.Bytes, "cached": r.Cached,
						"at": r.At.UTC().Format(time.RFC3339), "milliseconds": r.Took.Milliseconds(), "error": r.Error, "open": r.Open,
					})
				}
				return out, nil
			})
		},
	})
	node.Register(node.Spec[harIn, harOut]{
		Type: "web.har", Title: "Save requests as HAR",
		Doc: "Writes what the tabs of the session have asked the network for into a HAR file, which the network tools of browsers open. The last five hundred requests at least of each tab are kept. " +
			"Headers, cookies and bodies are not in it, since they hold passwords and keys; addresses are as they were. A file that is there is replaced.",
		Effect:   node.Idempotent,
		Examples: []node.Example[harIn, harOut]{{Title: "Show the vendor what was slow", In: harIn{To: "shop.har"}, Out: harOut{File: "/work/shop.har", Count: 31, Size: 21480}, DocOnly: needsBrowser}},
		Run: func(ctx context.Context, env *node.Env, in harIn) (harOut, error) {
			return work(ctx, env, in.In, true, func(ctx context.Context, s *browser.Session, p *browser.Page) (harOut, error) {
				if err := p.Ask(ctx, "0", nil); err != nil {
					return harOut{}, err
				}
				b, n, err := har(ctx, s)
				if err != nil {
					return harOut{}, err
				}
				file, err := write(env, in.To, b)
				return harOut{File: file, Count: n, Size: len(b)}, err
			})
		},
	})
}

type requestsIn struct {
	In
	Kinds  []string `json:"kinds" doc:"Which requests: document, style, image, media, font, script, xhr (fetch too), websocket, other; none means all."`
	Failed bool     `json:"failed" doc:"Only those that had no answer, or a status of 400 or more."`
	After  int      `json:"after" min:"0" doc:"Number of the request behind which to begin, as next of the last call says."`
}

type requestsOut struct {
	Requests []any `json:"requests" doc:"The requests, oldest first: number, method, url, kind, status (0 without an answer), type of media, bytes as they came over the network, cached, at, milliseconds, error (why there was no answer) and open (the answer has not come to its end)."`
	Count    int   `json:"count" doc:"How many there are."`
	Next     int   `json:"next" doc:"Number of the newest request, to go on from."`
}

type harIn struct {
	In
	To string `json:"to" is:"required" widget:"file" doc:"File to write, as shop.har."`
}

type harOut struct {
	File  string `json:"file" doc:"Absolute path of the file."`
	Count int    `json:"count" doc:"How many requests are in it."`
	Size  int    `json:"size" doc:"Its size in bytes."`
}

// har writes the requests of a session in the format HAR 1.2 (w3c.github.io/web-performance/specs/HAR/Overview.html).
// Where it has no word for what is not known, that is -1 or an empty list.
func har(ctx context.Context, s *browser.Session) ([]byte, int, error) {
	type m = map[string]any
	none := []any{}
	pages, entries := []any{}, []any{}
	var began []time.Time
	for _, p := range s.Pages() {
		list := p.Requests(0)
		if len(list) == 0 {
			continue
		}
		v := view(ctx, p)
		pages = append(pages, m{"id": p.ID(), "title": v.title, "startedDateTime": stamp(list[0].At), "pageTimings": m{"onContentLoad": -1, "onLoad": -1}})
		for _, r := range list {
			took := float64(r.Took.Microseconds()) / 1000
			query := []any{}
			if u, err := url.Parse(r.URL); err == nil {
				asked := u.Query()
				for _, k := range slices.Sorted(maps.Keys(asked)) {
					for _, v := range asked[k] {
						query = append(query, m{"name": k, "value": v})
					}
				}
			}
			e := m{
				"pageref": p.ID(), "startedDateTime": stamp(r.At), "time": took, "cache": m{},
				"request":  m{"method": r.Method, "url": r.URL, "httpVersion": "", "cookies": none, "headers": none, "queryString": query, "headersSize": -1, "bodySize": -1},
				"response": m{"status": r.Status, "statusText": http.StatusText(r.Status), "httpVersion": "", "cookies": none, "headers": none, "content": m{"size": -1, "mimeType": r.Type}, "redirectURL": "", "headersSize": -1, "bodySize": r.Bytes},
				"timings":  m{"blocked": -1, "dns": -1, "connect": -1, "ssl": -1, "send": 0, "wait": took, "receive": 0},
				// What browsers add to the format.
				"_resourceType": r.Kind,
			}
			if r.Cached {
				e["_fromCache"] = "disk"
			}
			if r.Error != "" {
				e["comment"] = r.Error
			}
			entries, began = append(entries, e), append(began, r.At)
		}
	}
	order := make([]int, len(entries))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return began[a].Compare(began[b]) })
	sorted := make([]any, len(entries))
	for i, k := range order {
		sorted[i] = entries[k]
	}
	product := s.Product()
	b, err := json.MarshalIndent(m{"log": m{"version": "1.2", "creator": m{"name": "Aether", "version": ""}, "browser": m{"name": product, "version": ""}, "pages": pages, "entries": sorted}}, "", " ")
	return append(b, '\n'), len(sorted), err
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }
