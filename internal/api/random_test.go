package api_test

import (
	"flag"
	"math/rand/v2"
	"strings"
	"testing"
)

var (
	randomCount = flag.Int("random.requests", 2000, "how many requests TestRandomRequests sends to each server")
	randomSeed  = flag.Uint64("random.seed", 1, "what they are made from")
)

// garbled changes a text here and there.
func garbled(r *rand.Rand, s string) string {
	words := append(append([]string{"/", "?", "&", "=", "%", "\"", "{", "}", "[", "]", ",", ":", "..", "\x00", "\xff", "0", "-", "9"}, always...), sometimes...)
	for range r.IntN(4) {
		at, to := r.IntN(len(s)+1), r.IntN(len(s)+1)
		at, to = min(at, to), max(at, to)
		switch r.IntN(5) {
		case 0: // something more
			s = s[:at] + words[r.IntN(len(words))] + s[at:]
		case 1: // something less
			s = s[:at] + s[min(to, at+8):]
		case 2: // something else
			s = s[:at] + words[r.IntN(len(words))] + s[min(to, at+8):]
		case 3: // the same again
			s = s[:to] + s[at:min(to, at+200)] + s[to:]
		case 4:
			if at < len(s) {
				s = s[:at] + string([]byte{s[at] ^ 1<<r.IntN(8)}) + s[at+1:]
			}
		}
	}
	return s
}

// Good requests with changes by chance, the same each time; FuzzAPI goes further.
func TestRandomRequests(t *testing.T) {
	hostile(t, func(p *prober) {
		r := rand.New(rand.NewPCG(*randomSeed, 2))
		n := *randomCount
		if testing.Short() {
			n /= 4
		}
		taken := 0
		for range n {
			o := p.ops[r.IntN(len(p.ops))]
			x, path, query, body := p.aim(o)
			if body != nil {
				x.body = garbled(r, render(body))
			}
			for k, v := range query {
				query[k] = garbled(r, v)
			}
			if x.target = target(o, path, query); r.IntN(3) == 0 {
				x.target = garbled(r, x.target)
			}
			for k, v := range x.headers {
				if r.IntN(4) == 0 {
					x.headers[k] = garbled(r, v)
				}
			}
			if r.IntN(10) == 0 {
				x.role = everyRole[r.IntN(len(everyRole))]
			}
			if !strings.HasPrefix(x.target, "/") || strings.Contains(strings.ToLower(x.target), "logout") {
				continue
			}
			if p.fire(x) < 300 {
				taken++
			}
		}
		if taken*20 < n {
			p.Errorf("%d of %d requests were taken: they are refused at the door", taken, n)
		}
	})
}
