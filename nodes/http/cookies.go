package httpnode

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/aether-rpa/aether/value"
)

// cookies are those of a request and what answers made of them, so that they
// can be passed on as a value.
type cookies struct {
	jar http.CookieJar
	all map[[3]string]*http.Cookie // by domain, path and name
	now time.Time
}

func newCookies(given any, u *url.URL, now time.Time) (*cookies, error) {
	jar, err := cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List})
	if err != nil {
		return nil, err
	}
	c := &cookies{jar: jar, all: map[[3]string]*http.Cookie{}, now: now}
	switch x := given.(type) {
	case nil:
	case map[string]any:
		for name, v := range x {
			s, err := scalar(v)
			if err != nil {
				return nil, input("give a map of names and text", "the cookie %s: %v", name, err)
			}
			c.add(u, &http.Cookie{Name: name, Value: s, Path: "/", Quoted: strings.ContainsAny(s, " ,")})
		}
	case []any:
		for i, e := range x {
			m, ok := e.(map[string]any)
			if !ok {
				return nil, input("give the cookies output of an earlier request", "cookies[%d] is a %s, not a map", i, value.Kind(e))
			}
			at, ck, err := cookieFrom(m, u)
			if err != nil {
				return nil, err
			}
			c.add(at, ck)
		}
	default:
		return nil, input("give a map of names and text, or the cookies output of an earlier request", "cookies is a %s", value.Kind(given))
	}
	return c, nil
}

// cookieFrom reads a cookie as value writes it, with the URL it belongs to.
func cookieFrom(m map[string]any, u *url.URL) (*url.URL, *http.Cookie, error) {
	text := func(k string) string { s, _ := m[k].(string); return s }
	flag := func(k string) bool { b, _ := m[k].(bool); return b }
	ck := &http.Cookie{Name: text("name"), Value: text("value"), Path: text("path"), Secure: flag("secure"), HttpOnly: flag("http_only")}
	if ck.Name == "" {
		return nil, nil, input("give the cookies output of an earlier request", "a cookie has no name")
	}
	if s := text("expires"); s != "" {
		t, err := time.Parse(time.RFC3339, s)
		if err != nil {
			return nil, nil, input("write it like 2026-01-31T08:00:00Z", "the cookie %s expires at %q, which is no time", ck.Name, s)
		}
		ck.Expires = t
	}
	ck.Quoted = strings.ContainsAny(ck.Value, " ,")
	at := *u
	if d := text("domain"); d != "" {
		if !strings.EqualFold(d, u.Hostname()) {
			at.Host = d
		}
		if !flag("host_only") {
			ck.Domain = d
		}
	}
	if ck.Secure {
		at.Scheme = "https"
	}
	return &at, ck, nil
}

func (c *cookies) add(u *url.URL, ck *http.Cookie) {
	c.jar.SetCookies(u, []*http.Cookie{ck})
	c.note(u, ck)
}

// note keeps a cookie for the output, or forgets one that has ended.
func (c *cookies) note(u *url.URL, ck *http.Cookie) {
	k := *ck
	host := strings.ToLower(u.Hostname())
	hostOnly := k.Domain == ""
	if hostOnly {
		k.Domain = host
	}
	k.Domain = strings.ToLower(strings.TrimPrefix(k.Domain, "."))
	if k.Domain != host && !strings.HasSuffix(host, "."+k.Domain) {
		return // set for a stranger: the jar refuses it too
	}
	if k.Path == "" || k.Path[0] != '/' {
		k.Path = defaultPath(u.Path)
	}
	key := [3]string{k.Domain, k.Path, k.Name}
	if k.MaxAge > 0 {
		k.Expires = c.now.Add(time.Duration(min(k.MaxAge, 10*365*86400)) * time.Second)
	}
	if k.MaxAge < 0 || !k.Expires.IsZero() && !k.Expires.After(c.now) {
		delete(c.all, key)
		return
	}
	k.Unparsed = nil
	if hostOnly {
		k.Unparsed = []string{"host_only"}
	}
	c.all[key] = &k
}

func defaultPath(p string) string {
	if i := strings.LastIndexByte(p, '/'); i > 0 {
		return p[:i]
	}
	return "/"
}

// learn takes the cookies of an answer and of the redirects before it.
func (c *cookies) learn(res *http.Response) {
	var chain []*http.Response
	for r := res; r != nil && r.Request != nil; r = r.Request.Response {
		chain = append(chain, r)
	}
	for _, r := range slices.Backward(chain) {
		for _, ck := range r.Cookies() {
			c.note(r.Request.URL, ck)
		}
	}
}

// value lists all cookies in a certain order.
func (c *cookies) value() []any {
	keys := make([][3]string, 0, len(c.all))
	for k := range c.all {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b [3]string) int { return slices.Compare(a[:], b[:]) })
	out := make([]any, len(keys))
	for i, k := range keys {
		out[i] = cookieValue(c.all[k])
	}
	return out
}

func cookieValue(ck *http.Cookie) map[string]any {
	m := map[string]any{
		"name": ck.Name, "value": ck.Value, "domain": ck.Domain, "path": ck.Path,
		"secure": ck.Secure, "http_only": ck.HttpOnly, "host_only": len(ck.Unparsed) > 0, "expires": nil,
	}
	if !ck.Expires.IsZero() {
		m["expires"] = ck.Expires.UTC().Format(time.RFC3339)
	}
	return m
}
