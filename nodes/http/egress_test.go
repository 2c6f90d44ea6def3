package httpnode_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aether-rpa/aether/internal/egress"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	_ "github.com/aether-rpa/aether/nodes/http"
)

// The nodes with the client that they have in production.
func TestWithEgressPolicy(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, "http://169.254.169.254/latest/meta-data", http.StatusFound)
			return
		}
		_, _ = io.WriteString(w, "hi")
	}))
	t.Cleanup(s.Close)
	env := nodetest.Env(t)
	env.HTTP = egress.Client(egress.Policy{Allow: []string{"127.0.0.1"}})
	t.Cleanup(env.HTTP.CloseIdleConnections)
	p := map[string]any{"url": s.URL, "tls": map[string]any{"insecure": true}}
	out, err := nodetest.Run(t, env, "http.request", p)
	if err != nil || out["body"] != "hi" {
		t.Fatalf("got %v, %v", out, err)
	}
	for _, u := range []string{s.URL + "/away", "http://10.0.0.1/", "http://[::ffff:169.254.169.254]/"} {
		for typ, more := range map[string]string{"http.request": "", "http.download": "to", "http.paginate": "", "http.wait_until": "until"} {
			p := map[string]any{"url": u, "tls": map[string]any{"insecure": true}}
			switch more {
			case "to":
				p["to"] = "f"
			case "until":
				p["until"] = "{{ true }}"
			}
			_, err := nodetest.Run(t, env, typ, p)
			if f := node.AsFailure(err); err == nil || f.Kind != node.KindDenied || !f.Permanent {
				t.Errorf("%s of %s gave %v", typ, u, err)
			}
		}
	}
}
