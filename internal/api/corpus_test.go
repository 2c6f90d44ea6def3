package api_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/internal/api"
	"github.com/aether-rpa/aether/internal/auth"
)

// always are texts that have been trouble: they are put everywhere.
var always = []string{"a\x00b", "\xff\xfe", "../canary.txt", "../../../../../../../../etc/passwd", "9223372036854775807", "-1"}

// sometimes are texts of which each place gets a part.
var sometimes = []string{
	"", "2", " ", "\x00", "\xc3\x28", "\xed\xa0\x80", "\r\nX-Evil: 1", "\u202e\U0010FFFF", "<script>alert(1)</script>",
	"/etc/passwd", "..\\..\\canary.txt", "....//....//canary.txt", "file:///etc/passwd", "..%2f..%2fcanary.txt", "%2e%2e%2fcanary.txt", "%c0%ae%c0%ae/canary.txt", "artifacts/../canary.txt", ".", "..", "~root", "a/../b", "canary.txt\x00.json",
	"'; DROP TABLE run; --", "' OR '1'='1", "%", "_", "$1", "{s}run", "{now}", "\\", `"`, "null", "true", "[]", "{}",
	"9223372036854775808", "18446744073709551616", "-9223372036854775808", "1e999", "0x10", "NaN", "Infinity", "1.5", "0", "00", "+1",
	"0.9223372036854775807", "9223372036854775807.9223372036854775807", "0.-1", "W/\"x\"", "*", "\"\"", "\"", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "290000h", "-1s",
	"eyJDcmVhdGVkIjoiOTk5OS0xMi0zMVQyMzo1OTo1OVoiLCJJRCI6IlwidTAwMDAifQ", // a cursor with a far time
	"eyJDcmVhdGVkIjoiMDAwMS0wMS0wMVQwMDowMDowMFoiLCJJRCI6Ilx1MDAwMCJ9",   // and one with a zero byte
	"Ilx1MDAwMCI", "LTk5OTk5OTk5OTk5OTk5OTk5OTk", "OTIyMzM3MjAzNjg1NDc3NTgwNw", "LTE", "bnVsbA", "MWU5OTk", "W10",
	strings.Repeat("../", 400) + "etc/passwd", strings.Repeat("a", 5000), strings.Repeat("é", 3000),
}

// tokens are pieces of JSON, and of what is none.
var tokens = []raw{
	"null", "true", "-1", "0.5", "1e308", "1e999", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551616", "123456789012345678901234567890", "[]", "{}", `""`, "[null]", "[[]]", `{"":null}`, `{"a":1,"a":2}`,
	`"\u0000"`, `"\ud800"`, "\"\xff\"", `"a`, "NaN", "01", "''", `{"$ref":"file:///etc/passwd"}`, `{"secret":"BANK"}`,
	raw(strings.Repeat("[", 200) + strings.Repeat("]", 200)), raw(strings.Repeat(`{"a":`, 200) + "1" + strings.Repeat("}", 200)), raw(strings.Repeat("[", 11000) + strings.Repeat("]", 11000)), `{"__proto__":{"x":1}}`,
}

// share is how many of sometimes and tokens a place gets: all in time.
func share(t testing.TB) int {
	switch {
	case testing.Short():
		return 24
	case strings.HasSuffix(t.Name(), "postgres"):
		return 2
	}
	return 1
}

// picked returns always, and the part of sometimes that is a place's turn.
func picked(t testing.TB, place int) []string {
	out := slices.Clone(always)
	for i, s := range sometimes {
		if (i+place)%share(t) == 0 {
			out = append(out, s)
		}
	}
	return out
}

func target(o operation, path, query map[string]string) string {
	at := o.path
	for k, v := range path {
		at = strings.ReplaceAll(at, "{"+k+"}", url.PathEscape(v))
	}
	if q := (url.Values{}); len(query) > 0 {
		for k, v := range query {
			q.Set(k, v)
		}
		at += "?" + q.Encode()
	}
	return at
}

// The good request of each operation leads to something: what is varied in the
// other tests is not refused at the door.
func TestHostileStartsFromGoodRequests(t *testing.T) {
	hostile(t, func(p *prober) {
		good, all := 0, 0
		for _, o := range p.ops {
			// What works in a browser of the server finds none here.
			if part := strings.Split(strings.TrimPrefix(o.path, api.Prefix), "/")[1]; part != "recording" && part != "pick" {
				all++
			}
			x, path, query, body := p.aim(o)
			if x.target = target(o, path, query); body != nil {
				x.body = render(body)
			}
			if code := p.fire(x); code < 300 {
				good++
			} else if code == 400 || code == 401 && o.ID != "login" || code == 403 || code == 405 || code == 415 {
				p.Errorf("%s: %d", o.ID, code)
			}
		}
		if good*2 < all {
			p.Errorf("%d of %d operations take the good request", good, all)
		}
	})
}

// Every parameter of every operation, with every text: no failure of the server,
// no page, no file that is somewhere else.
func TestHostileParameters(t *testing.T) {
	hostile(t, func(p *prober) {
		for i, o := range p.ops {
			for j, a := range o.Params {
				for _, s := range picked(p.TB, i+j) {
					x, path, query, body := p.aim(o)
					if body != nil {
						x.body = render(body)
					}
					switch a.In {
					case "path":
						path[a.Name] = s
					case "query":
						query[a.Name] = s
					case "header":
						x.headers[a.Name] = s
					}
					x.target = target(o, path, query)
					p.fire(x)
					if a.In == "path" { // as it is, where a client can send it
						x.target = strings.Replace(o.path, "{"+a.Name+"}", s, 1)
						p.fire(x)
					}
				}
			}
			x, path, query, _ := p.aim(o)
			for _, s := range []string{"?%zz", "?a=%00", "?limit=1;limit=2", "?limit=1&limit=x", "?" + strings.Repeat("a=b&", 2000), "?\xff=1", "#x", "//", "/./", "/../", "/%2e%2e/", "/..%2f", ";a=b", "%00", "/"} {
				x.target = target(o, path, query) + s
				p.fire(x)
			}
		}
	})
}

// leaves calls fn with every place in a body, set by set.
func leaves(v any, set func(any), fn func(set func(any))) {
	fn(set)
	set(v)
	switch x := v.(type) {
	case map[string]any:
		for k, e := range x {
			leaves(e, func(n any) { x[k] = n }, fn)
		}
	case []any:
		for i, e := range x {
			leaves(e, func(n any) { x[i] = n }, fn)
		}
	}
}

// Every place in every body, with every value; and bodies that are none.
func TestHostileBodies(t *testing.T) {
	hostile(t, func(p *prober) {
		for i, o := range p.ops {
			if o.Body == nil {
				continue
			}
			_, _, _, body := p.aim(o)
			place := 0
			fire := func() {
				x, path, query, _ := p.aim(o)
				x.target, x.body = target(o, path, query), render(body)
				p.fire(x)
			}
			leaves(body, func(n any) { body = n }, func(set func(any)) {
				place++
				for _, s := range picked(p.TB, i+place) {
					set(text(s))
					fire()
				}
				set(raw("\"\xff\""))
				fire()
				for k, v := range tokens {
					if (k+i+place)%share(p.TB) == 0 || v == `"\u0000"` {
						set(v)
						fire()
					}
				}
			})
			_, _, _, body = p.aim(o)
			sound := render(body)
			for _, b := range []string{
				"{", "nul", "null", "[]", `"x"`, "\xff", "\ufeff" + sound, sound + sound, sound + "}", sound[:len(sound)/2], strings.ToUpper(sound), " \n" + sound + "\x00",
				strings.Repeat("[", 1<<18), strings.Repeat(`{"a":`, 1<<16), `{"` + strings.Repeat("a", 1<<18) + `":1}`, `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>`, "a=b&c=d", "---\na: !!binary x\n",
			} {
				x, path, query, _ := p.aim(o)
				x.target, x.body = target(o, path, query), b
				p.fire(x)
			}
		}
	})
}

// A body that says it is something else is refused or read as what it is, and
// answers are what they are, whatever the client would like.
func TestHostileContentTypes(t *testing.T) {
	hostile(t, func(p *prober) {
		for _, o := range p.ops {
			fire := func(header, value, body string) int {
				x, path, query, sound := p.aim(o)
				if x.target = target(o, path, query); sound != nil && body == "" {
					x.body = render(sound)
				} else if sound != nil {
					x.body = body
				}
				x.headers[header] = value
				return p.fire(x)
			}
			for _, kind := range []string{"text/plain", "text/html", "application/xml", "text/xml; charset=utf-8", "application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=x", "application/cbor", "application/yaml", "application/x-ndjson", "application/octet-stream", "image/svg+xml", "text/plain; application/json", "application/jsonx", "*/*", "a", "\xff"} {
				if code := fire("Content-Type", kind, ""); o.Body != nil && code < 400 {
					p.Errorf("%s takes a body of the type %q: %d", o.ID, kind, code)
				}
			}
			for _, kind := range []string{"application/json; charset=utf-16", "application/json;;;", ";", "application/vnd.api+json", "APPLICATION/JSON", ""} {
				fire("Content-Type", kind, "")
			}
			fire("Content-Type", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"value\"; filename=\"../../canary.txt\"\r\n\r\nx\r\n--x--\r\n")
			fire("Content-Type", "application/x-www-form-urlencoded", "role=admin&password=a+long+password")
			fire("Content-Encoding", "gzip", "\x1f\x8b\x08\x00")
			for _, kind := range []string{"text/html", "application/xml", "image/*;q=0.9", "application/cbor", "text/html, application/xhtml+xml, */*;q=0.1", ";;;", "\xff", strings.Repeat("a/b,", 2000)} {
				fire("Accept", kind, "")
			}
		}
	})
}

// What is not registered is told of in the same shape.
func TestHostileRoutes(t *testing.T) {
	hostile(t, func(p *prober) {
		// known reports whether an operation is at a path.
		known := func(method, at string) bool {
			return slices.ContainsFunc(p.ops, func(o operation) bool {
				want, have := strings.Split(o.path, "/"), strings.Split(at, "/")
				return len(want) == len(have) && (o.method == method || o.method == "GET" && method == "HEAD") &&
					!slices.ContainsFunc(want, func(s string) bool { return s[max(0, len(s)-1):] != "}" && s != have[slices.Index(want, s)] })
			})
		}
		for _, o := range p.ops {
			at := strings.NewReplacer("{id}", "1", "{name}", "a", "{version}", "draft", "{digest}", "d").Replace(o.path)
			for _, m := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "X"} {
				if code := p.fire(shot{method: m, target: at, role: auth.Admin}); code != 405 && !known(m, at) {
					p.Errorf("%s %s: %d, want 405", m, at, code)
				}
			}
			for _, other := range []string{at + "/", at + "/x", "/" + at, strings.ToUpper(at), strings.Replace(at, "/api", "/api/.", 1), strings.Replace(at, "/api", "/x/../api", 1), strings.Replace(at, "/v1", "/v1/%2e%2e/v1", 1), at[1:]} {
				if code := p.fire(shot{method: o.method, target: other, role: auth.Admin}); code != 404 && code != 405 && code != 0 && !known(o.method, other) {
					p.Errorf("%s %s: %d", o.method, other, code)
				}
			}
		}
		for _, at := range []string{"/", "/api", "/api/v1", "/api/v1/", "/docs", "/schemas/Problem.json", "/.git/config", "/debug/pprof/", "/etc/passwd", "/..", "/../canary.txt", "/%2e%2e/canary.txt", "/..%2fcanary.txt", "/api/v1/openapi.json/../../canary.txt", "/" + strings.Repeat("a", 10000), "/\xff", "/%ff%00", "/api/v1/runs%00", "/api/v1/openapi.json?x=%zz", "/healthz/x", "/metrics/.."} {
			for _, m := range []string{"GET", "POST"} {
				if code := p.fire(shot{method: m, target: at, role: auth.Admin}); code < 400 && !strings.HasPrefix(at, "/api/v1/openapi") && code != 0 {
					p.Errorf("%s %q: %d", m, at, code)
				}
			}
		}
		for name, headers := range map[string]map[string]string{
			"no token": {}, "a cookie": {"Cookie": "aether_session=\xff"}, "a basic": {"Authorization": "Basic eDp5"}, "a long": {"Authorization": "Bearer aeth_" + strings.Repeat("x", 50000)}, "a zero": {"Authorization": "Bearer aeth_\x00"}, "many": {"Cookie": strings.Repeat("a=b; ", 3000) + "aether_session=x"},
		} {
			if code := p.fire(shot{method: "GET", target: "/api/v1/runs", headers: headers}); code != 401 {
				p.Errorf("%s: %d", name, code)
			}
		}
	})
}

// The answer to a name in another case, or to one that is given twice, is the
// same as without: what is validated is what is used.
func TestNamesHaveOneCase(t *testing.T) {
	each(t, func(s *site) {
		s.push()
		for _, body := range []string{
			`{"flow": "greet", "input": {"who": "x"}, "job": {"priority": 5, "PRIORITY": 999}}`,
			`{"flow": "greet", "input": {"who": "x"}, "Job": {"priority": 999}}`,
			fmt.Sprintf(`{"flow": "greet", "input": {"who": "x"}, "job": {"priority": %d, "priority": 999}}`, 5),
		} {
			s.want(422, auth.Operator, "POST", "/runs", body, nil)
		}
	})
}
