package httpnode

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[parseURLIn, parseURLOut]{
		Type:   "http.parse_url",
		Title:  "Take URL apart",
		Doc:    "Takes an address apart into scheme, host, port, path, query and fragment. Escapes are undone. A password in the address is not shown.",
		Effect: node.Pure,
		Examples: []node.Example[parseURLIn, parseURLOut]{{
			Title: "An address with a query",
			In:    parseURLIn{URL: "https://Example.com:8443/a%20b/?q=x&tag=1&tag=2#top"},
			Out:   parseURLOut{Scheme: "https", Host: "example.com", Port: 8443, Path: "/a b/", Query: map[string]any{"q": "x", "tag": []any{"1", "2"}}, Fragment: "top", Segments: []string{"a b"}},
		}, {
			Title: "A relative address",
			In:    parseURLIn{URL: "../x?y="},
			Out:   parseURLOut{Path: "../x", Query: map[string]any{"y": ""}, Segments: []string{"..", "x"}},
		}},
		Run: parseURL,
	})
	node.Register(node.Spec[buildURLIn, buildURLOut]{
		Type:   "http.build_url",
		Title:  "Build URL",
		Doc:    "Builds an address from a base, path segments and a query, escaping what needs it. A segment can hold anything: a slash in it does not become a separator.",
		Effect: node.Pure,
		Examples: []node.Example[buildURLIn, buildURLOut]{{
			Title: "An address of one order",
			In:    buildURLIn{Base: "https://api.example.com/v1/", Segments: []any{"orders", "2026/7"}, Query: map[string]any{"full": true, "tag": []any{"a", "b"}}},
			Out:   buildURLOut{URL: "https://api.example.com/v1/orders/2026%2F7?full=true&tag=a&tag=b"},
		}, {
			Title: "Add to a query that is there",
			In:    buildURLIn{Base: "https://example.com/?a=1", Query: map[string]any{"b": "x y", "c": nil}, Fragment: "end"},
			Out:   buildURLOut{URL: "https://example.com/?a=1&b=x+y#end"},
		}},
		Run: buildURL,
	})
	node.Register(node.Spec[encodeQueryIn, encodeQueryOut]{
		Type:   "http.encode_query",
		Title:  "Encode query",
		Doc:    "Writes a map as a query or form body: a=1&b=x+y. A list repeats its name; names come in order.",
		Effect: node.Pure,
		Examples: []node.Example[encodeQueryIn, encodeQueryOut]{{
			Title: "Two values",
			In:    encodeQueryIn{Values: map[string]any{"q": "tea & milk", "n": []any{1, 2}}},
			Out:   encodeQueryOut{Query: "n=1&n=2&q=tea+%26+milk"},
		}},
		Run: func(_ context.Context, _ *node.Env, in encodeQueryIn) (encodeQueryOut, error) {
			s, err := encodeQuery(in.Values)
			return encodeQueryOut{Query: s}, err
		},
	})
	node.Register(node.Spec[decodeQueryIn, decodeQueryOut]{
		Type:   "http.decode_query",
		Title:  "Decode query",
		Doc:    "Reads a query or form body into a map: text for one value of a name, a list for several.",
		Effect: node.Pure,
		Examples: []node.Example[decodeQueryIn, decodeQueryOut]{{
			Title: "Two values",
			In:    decodeQueryIn{Query: "?n=1&n=2&q=tea+%26+milk"},
			Out:   decodeQueryOut{Values: map[string]any{"q": "tea & milk", "n": []any{"1", "2"}}},
		}},
		Run: func(_ context.Context, _ *node.Env, in decodeQueryIn) (decodeQueryOut, error) {
			q, err := url.ParseQuery(strings.TrimPrefix(in.Query, "?"))
			if err != nil {
				return decodeQueryOut{}, input("check the escapes, such as %20", "the query cannot be read: %v", err)
			}
			return decodeQueryOut{Values: valid(formText(q))}, nil
		},
	})
	node.Register(node.Spec[parseCookieIn, parseCookieOut]{
		Type:   "http.parse_cookie",
		Title:  "Read cookies",
		Doc:    "Reads cookies from the text of a Cookie header (a=1; b=2) or of Set-Cookie headers, one a line.",
		Effect: node.Pure,
		Examples: []node.Example[parseCookieIn, parseCookieOut]{{
			Title: "A Cookie header",
			In:    parseCookieIn{Text: "lang=de; session=abc"},
			Out:   parseCookieOut{Values: map[string]any{"lang": "de", "session": "abc"}, Cookies: []any{}},
		}, {
			Title: "A Set-Cookie header",
			In:    parseCookieIn{Text: "id=7; Path=/; Domain=example.com; Secure; HttpOnly", Kind: "set-cookie"},
			Out: parseCookieOut{Values: map[string]any{"id": "7"}, Cookies: []any{map[string]any{
				"name": "id", "value": "7", "domain": "example.com", "path": "/", "secure": true, "http_only": true, "host_only": false, "expires": nil}}},
		}},
		Run: parseCookie,
	})
}

type parseURLIn struct {
	URL string `json:"url" is:"required" doc:"Address to take apart."`
}

type parseURLOut struct {
	Scheme   string         `json:"scheme" doc:"Such as https; empty for a relative address."`
	User     string         `json:"user" doc:"User name in the address, or empty."`
	Host     string         `json:"host" doc:"Host in lower case, without port."`
	Port     int            `json:"port" doc:"Port, if the address names one; else that of http or https, else 0."`
	Path     string         `json:"path" doc:"Path with escapes undone."`
	Segments []string       `json:"segments" doc:"Parts of the path, each with escapes undone."`
	Query    map[string]any `json:"query" doc:"Query as a map: text for one value of a name, a list for several."`
	Fragment string         `json:"fragment" doc:"What follows #."`
}

func parseURL(_ context.Context, _ *node.Env, in parseURLIn) (parseURLOut, error) {
	u, err := url.Parse(strings.TrimSpace(in.URL))
	if err != nil {
		return parseURLOut{}, input("check the escapes and the port", "the URL cannot be read")
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return parseURLOut{}, input("check the escapes, such as %20", "the query of the URL cannot be read: %v", err)
	}
	out := parseURLOut{Scheme: u.Scheme, User: u.User.Username(), Host: strings.ToLower(u.Hostname()), Path: strings.ToValidUTF8(u.Path, "\uFFFD"), Query: valid(formText(q)), Fragment: strings.ToValidUTF8(u.Fragment, "\uFFFD"), Segments: []string{}}
	if out.Path == "" && u.Opaque != "" {
		out.Path = u.Opaque
	}
	for _, s := range strings.Split(u.EscapedPath(), "/") {
		if p, err := url.PathUnescape(s); err == nil && s != "" {
			out.Segments = append(out.Segments, strings.ToValidUTF8(p, "\uFFFD"))
		}
	}
	if p := u.Port(); p != "" {
		if out.Port, err = strconv.Atoi(p); err != nil || out.Port > 65535 {
			return parseURLOut{}, input("give a port up to 65535", "the port of the URL cannot be right")
		}
	} else if u.Scheme == "http" || u.Scheme == "https" {
		out.Port, _ = strconv.Atoi(port(u))
	}
	return out, nil
}

// valid replaces bytes that are no text, which escapes can produce.
func valid(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		switch x := v.(type) {
		case string:
			v = strings.ToValidUTF8(x, "\uFFFD")
		case []any:
			for i, e := range x {
				s, _ := e.(string)
				x[i] = strings.ToValidUTF8(s, "\uFFFD")
			}
		}
		out[strings.ToValidUTF8(k, "\uFFFD")] = v
	}
	return out
}

type buildURLIn struct {
	Base     string         `json:"base" is:"required" doc:"Address to start from."`
	Segments []any          `json:"segments" doc:"Parts to add to the path."`
	Query    map[string]any `json:"query" doc:"Query to add; a list repeats its name, nothing leaves it out."`
	Fragment string         `json:"fragment" doc:"What follows #."`
}

type buildURLOut struct {
	URL string `json:"url" doc:"The address."`
}

func buildURL(_ context.Context, _ *node.Env, in buildURLIn) (buildURLOut, error) {
	u, err := url.Parse(strings.TrimSpace(in.Base))
	if err != nil {
		return buildURLOut{}, input("check the escapes and the port", "the base cannot be read")
	}
	escaped := strings.TrimSuffix(u.EscapedPath(), "/")
	for i, s := range in.Segments {
		text, err := scalar(s)
		if err != nil || text == "" {
			return buildURLOut{}, input("give text or numbers", "segments[%d] is empty or not text", i)
		}
		if text == "." || text == ".." {
			return buildURLOut{}, input("leave it out", "segments[%d] is %q, which would lead elsewhere", i, text)
		}
		escaped += "/" + url.PathEscape(text)
	}
	if len(in.Segments) > 0 {
		if u.Path, err = url.PathUnescape(escaped); err != nil {
			return buildURLOut{}, input("check the escapes", "the path of the base cannot be read")
		}
		u.RawPath = escaped
	}
	q, err := encodeQuery(in.Query)
	if err != nil {
		return buildURLOut{}, err
	}
	if q != "" && u.RawQuery != "" {
		q = "&" + q
	}
	u.RawQuery += q
	if in.Fragment != "" {
		u.Fragment, u.RawFragment = in.Fragment, ""
	}
	return buildURLOut{URL: u.String()}, nil
}

type encodeQueryIn struct {
	Values map[string]any `json:"values" is:"required" doc:"Names and values."`
}

type encodeQueryOut struct {
	Query string `json:"query" doc:"The query, without a question mark."`
}

type decodeQueryIn struct {
	Query string `json:"query" is:"required" doc:"Query, with or without its question mark."`
}

type decodeQueryOut struct {
	Values map[string]any `json:"values" doc:"Names and values."`
}

type parseCookieIn struct {
	Text string `json:"text" is:"required" doc:"Text of the header."`
	Kind string `json:"kind" default:"cookie" enum:"cookie,set-cookie" doc:"Which header it is."`
}

type parseCookieOut struct {
	Values  map[string]any `json:"values" doc:"Names and values."`
	Cookies []any          `json:"cookies" doc:"For set-cookie: the cookies with their attributes, as http.request takes them."`
}

func parseCookie(_ context.Context, _ *node.Env, in parseCookieIn) (parseCookieOut, error) {
	out := parseCookieOut{Values: map[string]any{}, Cookies: []any{}}
	if in.Kind == "set-cookie" {
		for _, line := range strings.Split(in.Text, "\n") {
			if line = strings.TrimSpace(line); line == "" {
				continue
			}
			ck, err := http.ParseSetCookie(line)
			if err != nil {
				return out, input("give the text of a Set-Cookie header", "a cookie cannot be read: %v", err)
			}
			v := cookieValue(ck)
			v["host_only"] = ck.Domain == ""
			out.Values[ck.Name] = ck.Value
			out.Cookies = append(out.Cookies, v)
		}
		return out, nil
	}
	if strings.TrimSpace(in.Text) == "" {
		return out, nil
	}
	list, err := http.ParseCookie(in.Text)
	if err != nil {
		return out, input("give the text of a Cookie header", "the cookies cannot be read: %v", err)
	}
	for _, ck := range list {
		if _, given := out.Values[ck.Name]; !given { // the first is the most specific
			out.Values[ck.Name] = ck.Value
		}
	}
	return out, nil
}
