package api_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"golang.org/x/net/http/httpguts"

	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/db/dbtest"
)

// live is what differs from one site to the next, and the words that stand for
// it in seeds.
func (p *prober) live() []string {
	return []string{p.good["/runs"], "{run}", p.good["ended"], "{ended}", fmt.Sprintf("jobs/%d/", p.lease.Job), "jobs/{lease}/", fmt.Sprintf("fence=%d", p.lease.Fence), "fence={fence}"}
}

// FuzzAPI sends requests that may be anything to a server on SQLite and, if
// there is one, to a server on PostgreSQL. The seeds are the good requests of all
// operations, so that what is made from them gets far:
//
//	go test ./internal/api -run '^$' -fuzz FuzzAPI
func FuzzAPI(f *testing.F) {
	sites := []*prober{probe(open(f, dbtest.SQLite(f)))}
	if os.Getenv(dbtest.Env) != "" {
		sites = append(sites, probe(open(f, dbtest.Postgres(f))))
	}
	roles := append([]auth.Role{""}, everyRole...)
	f.Add(uint8(0), "GET", "/healthz", "", "")
	f.Add(uint8(4), "GET", "/api/v1/runs?cursor=eyJDcmVhdGVkIjoiOTk5OS0xMi0zMVQyMzo1OTo1OVoifQ", "Accept: text/html\nIf-Match: \"x\"\nLast-Event-ID: 1.1", "{}")
	first := sites[0]
	words := strings.NewReplacer(first.live()...)
	for _, o := range first.ops {
		x, path, query, body := first.aim(o)
		if body != nil {
			x.body = render(body)
		}
		var lines []string
		for k, v := range x.headers {
			lines = append(lines, k+": "+v)
		}
		f.Add(map[auth.Role]uint8{auth.Admin: 4, auth.Worker: 5}[x.role], o.method, words.Replace(target(o, path, query)), strings.Join(lines, "\n"), x.body)
	}
	f.Fuzz(func(t *testing.T, who uint8, method, target, headers, body string) {
		if strings.Contains(strings.ToLower(target), "logout") || !strings.HasPrefix(target, "/") {
			return // it would end the token of all that follow
		}
		for _, p := range sites {
			p.TB = t
			x := shot{method: method, headers: map[string]string{}, body: body, role: roles[int(who)%len(roles)]}
			if x.role == auth.Worker {
				p.take()
			}
			live := p.live()
			for i := 0; i < len(live); i += 2 {
				live[i], live[i+1] = live[i+1], live[i]
			}
			x.target = strings.NewReplacer(live...).Replace(target)
			for line := range strings.Lines(headers) {
				name, text, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
				// What no server lets through is not tried.
				if http.CanonicalHeaderKey(name) != "Authorization" && httpguts.ValidHeaderFieldName(name) && httpguts.ValidHeaderFieldValue(text) {
					x.headers[name] = text
				}
			}
			p.fire(x)
		}
	})
}
