package httpnode

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/vault"
)

func TestSimpleAuth(t *testing.T) {
	env := nodetest.Env(t)
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s|%s|%s", r.Header.Get("Authorization"), r.Header.Get("X-Key"), r.URL.RawQuery)
	})
	for want, a := range map[string]map[string]any{
		"||a=1":                      {},
		"Basic YWRhOnB3||a=1":        {"kind": "basic", "user": "ada", "password": "pw"},
		"Bearer t0ken||a=1":          {"kind": "bearer", "token": "t0ken"},
		"|t0ken|a=1":                 {"kind": "header", "name": "X-Key", "token": "t0ken"},
		"||a=1&api+key=t0ken%26more": {"kind": "query", "name": "api key", "token": "t0ken&more"},
	} {
		out := run(t, env, "http.request", map[string]any{"url": u + "?a=1", "auth": a})
		if out["body"] != want {
			t.Errorf("got %q, want %q", out["body"], want)
		}
		if strings.Contains(fmt.Sprint(out["url"]), "t0ken") {
			t.Errorf("the address shows the key: %v", out["url"])
		}
	}
	for _, a := range []map[string]any{{"kind": "basic"}, {"kind": "header"}, {"kind": "query"}, {"kind": "oauth2"}, {"kind": "oauth2", "token_url": u}, {"kind": "aws"}} {
		fails(t, env, "http.request", map[string]any{"url": u, "auth": a}, node.KindInput, "needs")
	}
}

func TestSecretsAreMaskedInFailures(t *testing.T) {
	env := nodetest.Env(t)
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Echo", r.Header.Get("Authorization"))
		w.WriteHeader(401)
		fmt.Fprint(w, "you sent ", r.Header.Get("Authorization"), r.URL.String())
	})
	for _, a := range []map[string]any{
		{"kind": "bearer", "token": "planted-secret"}, {"kind": "basic", "user": "u", "password": "planted-secret"}, {"kind": "query", "name": "k", "token": "planted-secret"},
	} {
		f := fails(t, env, "http.request", map[string]any{"url": u, "auth": a}, node.KindHTTP, "401")
		if s := fmt.Sprintf("%+v", *f); strings.Contains(s, "planted-secret") || strings.Contains(s, "dTpwbGFudGVkLXNlY3JldA") {
			t.Errorf("the failure shows the secret: %s", s)
		}
	}
	bad := fails(t, env, "http.request", map[string]any{"url": "http://user:planted-secret@127.0.0.1:1/x?k=planted-secret", "retries": 0}, node.KindNetwork, "127.0.0.1")
	if strings.Contains(bad.Error(), "planted") {
		t.Errorf("the failure shows the secret: %v", bad)
	}
	bad = fails(t, env, "http.request", map[string]any{"url": "http://user:planted-secret@[/"}, node.KindInput, "URL")
	if strings.Contains(bad.Error(), "planted") {
		t.Errorf("the failure shows the secret: %v", bad)
	}
}

// The example of RFC 7616, 3.9.1.
func TestDigestOfTheRFC(t *testing.T) {
	a := auth{User: "Mufasa", Password: vault.New("Circle of Life")}
	for algorithm, want := range map[string]string{
		"MD5":     `response="8ca523f5e9506fed4657c9700eebdbec"`,
		"SHA-256": `response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"`,
	} {
		c := map[string]string{"realm": "http-auth@example.org", "algorithm": algorithm, "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "opaque": "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"}
		got := a.digestHeader(c, "GET", "/dir/index.html", "auth", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
		if !strings.Contains(got, want) {
			t.Errorf("%s: got %s", algorithm, got)
		}
	}
}

func TestDigestRoundTrip(t *testing.T) {
	env := nodetest.Env(t)
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got := r.Header.Get("Authorization")
		if got == "" {
			w.Header().Add("Www-Authenticate", `Basic realm="x"`)
			w.Header().Add("Www-Authenticate", `Digest realm="a \"b\", c", qop="auth,auth-int", nonce="n1", opaque="o", algorithm=MD5`)
			w.Header().Add("Www-Authenticate", `Digest realm="a", qop="auth", nonce="n1", algorithm=SHA-256`)
			w.WriteHeader(401)
			return
		}
		p := params(strings.TrimPrefix(got, "Digest "))
		c := map[string]string{"realm": "a", "nonce": "n1", "algorithm": "SHA-256"}
		want := params(strings.TrimPrefix(auth{User: "ada", Password: vault.New("pw")}.digestHeader(c, r.Method, r.URL.RequestURI(), "auth", p["cnonce"]), "Digest "))
		if p["response"] != want["response"] {
			w.WriteHeader(403)
			return
		}
		fmt.Fprintf(w, "ok %s", b)
	})
	p := map[string]any{"url": u + "/p?a=1", "method": "POST", "body": "data", "auth": map[string]any{"kind": "digest", "user": "ada", "password": "pw"}}
	if got := run(t, env, "http.request", p)["body"]; got != "ok data" {
		t.Errorf("got %v", got)
	}
	p["auth"].(map[string]any)["password"] = "wrong"
	fails(t, env, "http.request", p, node.KindHTTP, "403")
}

func TestOAuth2(t *testing.T) {
	env := nodetest.Env(t)
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			id, secret, _ := r.BasicAuth()
			if id == "" {
				id, secret = r.FormValue("client_id"), r.FormValue("client_secret")
			}
			if id != "id" || secret != "s%26cret" && secret != "s&cret" || r.FormValue("grant_type") != "client_credentials" || r.FormValue("scope") != "a b" {
				w.WriteHeader(401)
				fmt.Fprint(w, `{"error": "invalid_client"}`)
				return
			}
			fmt.Fprint(w, `{"access_token": "granted", "token_type": "Bearer", "expires_in": 60}`)
			return
		}
		fmt.Fprint(w, r.Header.Get("Authorization"))
	})
	for _, inBody := range []bool{false, true} {
		a := map[string]any{"kind": "oauth2", "token_url": u + "/token", "client_id": "id", "client_secret": "s&cret", "scope": "a b", "secret_in_body": inBody}
		if got := run(t, env, "http.request", map[string]any{"url": u, "auth": a})["body"]; got != "Bearer granted" {
			t.Errorf("got %v", got)
		}
		a["client_secret"] = "wrong"
		f := fails(t, env, "http.request", map[string]any{"url": u, "auth": a}, node.KindHTTP, "invalid_client")
		if f.Code != "401" || !f.Permanent {
			t.Errorf("got %+v", f)
		}
	}
}

// get-vanilla and get-vanilla-query-order-key-case of the AWS Signature
// Version 4 test suite.
func TestAWSSignature(t *testing.T) {
	a := auth{AccessKey: "AKIDEXAMPLE", SecretKey: vault.New("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), Region: "us-east-1", Service: "service"}
	for u, want := range map[string]string{
		"https://example.amazonaws.com/":                             "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
		"https://example.amazonaws.com/?Param2=value2&Param1=value1": "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
	} {
		req, err := http.NewRequestWithContext(t.Context(), "GET", u, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.sign(req, nil, time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)); err != nil {
			t.Fatal(err)
		}
		if got := req.Header.Get("Authorization"); !strings.HasSuffix(got, "SignedHeaders=host;x-amz-date, Signature="+want) {
			t.Errorf("%s: got %s", u, got)
		}
	}
}

func TestAWSEscape(t *testing.T) {
	if got := awsEscape("/a b/ü~+*", true); got != "/a%20b/%C3%BC~%2B%2A" {
		t.Errorf("got %s", got)
	}
	if got := canonicalQuery(map[string][]string{"a-b": {"1"}, "a": {"2", "1"}, "B": {""}}); got != "B=&a=1&a=2&a-b=1" {
		t.Errorf("got %s", got)
	}
}

func TestIdempotencyKey(t *testing.T) {
	env := nodetest.Env(t)
	u := serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Header.Get("Idempotency-Key")) })
	if got := run(t, env, "http.request", map[string]any{"url": u, "method": "POST", "idempotency": true})["body"]; got != env.Token {
		t.Errorf("got %v", got)
	}
	if got := run(t, env, "http.request", map[string]any{"url": u, "method": "POST"})["body"]; got != nil {
		t.Errorf("got %v", got)
	}
}

func FuzzParams(f *testing.F) {
	for _, s := range []string{`realm="a\"b", nonce=x`, `=`, `a="`, `a=b,c`, `"\`} {
		f.Add(s)
	}
	f.Fuzz(func(_ *testing.T, s string) { _ = params(s) })
}
