package cdp_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/browser"
)

// A proxy is used for this machine's own addresses too, where it is wanted.
func TestProxy(t *testing.T) {
	seen := 0
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen++
		w.WriteHeader(http.StatusForbidden)
	}))
	defer proxy.Close()
	url := site(t, map[string]any{"/": "<p>direct</p>"})
	for _, host := range []string{"127.0.0.1", "localhost"} {
		seen = 0
		_, p := opened(t, browser.Options{Proxy: proxy.URL, ProxyLoopback: true})
		a, err := p.Goto(t.Context(), strings.Replace(url, "127.0.0.1", host, 1)+"/", browser.Loaded)
		if seen == 0 {
			t.Errorf("%s was loaded without the proxy: %+v, %v", host, a, err)
		}
	}
}
