package httpnode

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aether-rpa/aether/node"
)

// options are the params that all nodes that send have.
type options struct {
	Query           map[string]any    `json:"query" doc:"Query to add to the URL; a list repeats its name, nothing leaves it out."`
	Headers         map[string]string `json:"headers" doc:"Headers to send."`
	Auth            auth              `json:"auth" group:"Authentication" doc:"How to prove who you are."`
	Cookies         any               `json:"cookies" group:"Cookies" doc:"Cookies to send: a map of names and values for this host, or the cookies output of an earlier request."`
	Timeout         time.Duration     `json:"timeout" default:"1m" min:"1ms" doc:"How long one try may take, the whole answer included."`
	FollowRedirects bool              `json:"follow_redirects" default:"true" doc:"Go where the service points to. To another host only harmless headers are sent along, never credentials."`
	Expect          []string          `json:"expect" doc:"Statuses that are no failure: numbers, ranges or classes, such as 200, 200-299, 4xx or any. None means every 2xx."`
	TLS             tlsOptions        `json:"tls" group:"TLS" is:"advanced" doc:"Certificates."`
	Retries         *int              `json:"retries" min:"0" max:"20" group:"Retries" is:"advanced" doc:"How often to try again inside the step when the connection is refused or the service answers 429 or 503. Left out: 2 for requests that may be repeated, 0 for others."`
	RetryWait       time.Duration     `json:"retry_wait" default:"1s" group:"Retries" is:"advanced" doc:"Pause before trying again, doubled each time. A Retry-After of the service is obeyed instead."`
	MaxRetryWait    time.Duration     `json:"max_retry_wait" default:"1m" group:"Retries" is:"advanced" doc:"Longest pause. If the service asks for more, the step fails at once."`
}

type tlsOptions struct {
	CAFile     string `json:"ca_file" widget:"file" doc:"File with certificates (PEM) to trust besides those of the system."`
	CertFile   string `json:"cert_file" widget:"file" doc:"File with the client's certificate (PEM)."`
	KeyFile    string `json:"key_file" widget:"file" doc:"File with the client's private key (PEM)."`
	ServerName string `json:"server_name" doc:"Name that the server's certificate must have, when it is not the host of the URL."`
	Insecure   bool   `json:"insecure" doc:"Do not check the server's certificate. Anybody on the way can then read and change everything: for tests only."`
}

// tlsCapable is implemented by transports that can be given TLS settings and
// still keep to their policy.
type tlsCapable interface {
	WithTLS(*tls.Config) http.RoundTripper
}

// client returns a copy of the environment's client with these options. Done
// must be called when the response has been read.
func (o options) client(env *node.Env, jar http.CookieJar) (c *http.Client, done func(), err error) {
	copied := *env.HTTP
	c, done = &copied, func() {}
	c.Jar = jar
	base := c.CheckRedirect
	c.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		if !o.FollowRedirects {
			return http.ErrUseLastResponse
		}
		if base != nil {
			if err := base(req, via); err != nil {
				return err
			}
		} else if len(via) > 10 {
			return errors.New("stopped after 10 redirects")
		}
		if !sameOrigin(via[0].URL, req.URL) {
			dropCredentials(req.Header)
		}
		return nil
	}
	if o.TLS == (tlsOptions{}) {
		return c, done, nil
	}
	cfg, err := o.TLS.config(env)
	if err != nil {
		return nil, done, err
	}
	switch t := c.Transport.(type) {
	case tlsCapable:
		c.Transport = t.WithTLS(cfg)
	case *http.Transport:
		n := t.Clone()
		n.TLSClientConfig, n.ForceAttemptHTTP2 = cfg, true
		c.Transport = n
	case nil:
		n := http.DefaultTransport.(*http.Transport).Clone()
		n.TLSClientConfig = cfg
		c.Transport = n
	default:
		return nil, done, node.Fail(node.KindError, "this program's HTTP client takes no TLS settings", "report this as a defect")
	}
	return c, c.CloseIdleConnections, nil
}

// sameOrigin reports whether credentials for a may be sent to b: the same host
// and port, with the same scheme or the move from http to https.
func sameOrigin(a, b *url.URL) bool {
	if !strings.EqualFold(a.Hostname(), b.Hostname()) {
		return false
	}
	if a.Scheme == b.Scheme {
		return port(a) == port(b)
	}
	return a.Scheme == "http" && b.Scheme == "https" && port(a) == "80" && port(b) == "443"
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	if u.Scheme == "https" {
		return "443"
	}
	return "80"
}

// harmless are the headers that may go to a host that the flow did not name.
// Referer is not among them: it holds the query.
var harmless = []string{"Accept", "Accept-Language", "Accept-Encoding", "User-Agent", "Content-Type", "Content-Length", "Content-Encoding", "Range", "If-Range", "If-None-Match", "If-Modified-Since", "Cache-Control"}

func dropCredentials(h http.Header) {
	for k := range h {
		if !slices.Contains(harmless, k) {
			h.Del(k)
		}
	}
}

func (t tlsOptions) config(env *node.Env) (*tls.Config, error) {
	cfg := &tls.Config{ServerName: t.ServerName, InsecureSkipVerify: t.Insecure, MinVersion: tls.VersionTLS12} //nolint:gosec // the flow asks for it
	if t.CAFile != "" {
		pem, err := readSmall(env, t.CAFile)
		if err != nil {
			return nil, err
		}
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, input("give a file in PEM format", "%s holds no certificate", t.CAFile)
		}
		cfg.RootCAs = pool
	}
	if t.CertFile != "" || t.KeyFile != "" {
		if t.CertFile == "" || t.KeyFile == "" {
			return nil, input("give both cert_file and key_file", "a client certificate needs its key")
		}
		cert, err := readSmall(env, t.CertFile)
		if err != nil {
			return nil, err
		}
		key, err := readSmall(env, t.KeyFile)
		if err != nil {
			return nil, err
		}
		pair, err := tls.X509KeyPair(cert, key)
		if err != nil {
			return nil, input("give files in PEM format that belong together", "%s and %s are no client certificate", t.CertFile, t.KeyFile)
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return cfg, nil
}

func readSmall(env *node.Env, path string) ([]byte, error) {
	f, err := env.Files.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, 1<<20))
}

// statuses is a set of statuses as Expect writes them.
type statuses [][2]int

func parseStatuses(list []string) (statuses, error) {
	if len(list) == 0 {
		return statuses{{200, 299}}, nil
	}
	var out statuses
	for _, s := range list {
		s = strings.ToLower(strings.TrimSpace(s))
		lo, hi, isRange := strings.Cut(s, "-")
		a, errA := strconv.Atoi(lo)
		b, errB := strconv.Atoi(hi)
		switch {
		case s == "any":
			out = append(out, [2]int{0, 999})
		case len(s) == 3 && strings.HasSuffix(s, "xx") && s[0] >= '1' && s[0] <= '5':
			n := int(s[0]-'0') * 100
			out = append(out, [2]int{n, n + 99})
		case isRange && errA == nil && errB == nil && a <= b:
			out = append(out, [2]int{a, b})
		case !isRange && errA == nil && a >= 100 && a <= 999:
			out = append(out, [2]int{a, a})
		default:
			return nil, input("write 200, 200-299, 4xx or any", "%q is not a status", s)
		}
	}
	return out, nil
}

func (s statuses) has(code int) bool {
	return slices.ContainsFunc(s, func(r [2]int) bool { return code >= r[0] && code <= r[1] })
}

// address reads a URL, with the query added.
func address(raw string, query map[string]any) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil {
		// The error of the parser quotes the whole URL, secrets included.
		return nil, input("write it like https://example.com/path", "the URL cannot be read")
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return nil, input("begin it with https://", "the URL must begin with http:// or https://")
	}
	if u.Hostname() == "" {
		return nil, input("write it like https://example.com/path", "the URL has no host")
	}
	u.Fragment = ""
	if len(query) == 0 {
		return u, nil
	}
	add, err := encodeQuery(query)
	if err != nil {
		return nil, err
	}
	switch {
	case add == "":
	case u.RawQuery == "":
		u.RawQuery = add
	default:
		u.RawQuery += "&" + add
	}
	return u, nil
}

// encodeQuery writes a map as a query, names in order.
func encodeQuery(m map[string]any) (string, error) {
	q := url.Values{}
	for k, v := range m {
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		for i, e := range list {
			if e == nil {
				continue
			}
			s, err := scalar(e)
			if err != nil {
				return "", input("give text, numbers, true or false, or lists of them", "query %s[%d]: %v", k, i, err)
			}
			q.Add(k, s)
		}
	}
	return q.Encode(), nil
}

func scalar(v any) (string, error) {
	switch x := v.(type) {
	case string:
		return x, nil
	case int:
		return strconv.Itoa(x), nil
	case bool:
		return strconv.FormatBool(x), nil
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64), nil
	}
	return "", fmt.Errorf("a list or map has no text form here")
}
