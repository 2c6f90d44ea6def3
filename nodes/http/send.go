package httpnode

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aether-rpa/aether/node"
)

// call is one request to make, with all it needs.
type call struct {
	env     *node.Env
	opt     options
	method  string
	url     *url.URL
	body    *payload
	header  map[string]string // besides those of opt
	token   bool              // send the Idempotency-Key
	repeat  bool              // may be repeated without harm
	maxBody int64
	expect  statuses
	cookies *cookies
	client  *http.Client
	done    func()
	what    string // for messages: method and URL without secrets
	mask    func(string) string
}

// response is an answer with its body read.
type response struct {
	*http.Response
	status int
	body   []byte
	tries  int
	took   time.Duration
}

// headers are the response headers in lower case; several of a name are joined.
func (r *response) headers() map[string]string {
	out := make(map[string]string, len(r.Header))
	for k, vs := range r.Header {
		sep := ", "
		if k == "Set-Cookie" {
			sep = "\n" // commas are part of dates
		}
		out[strings.ToLower(k)] = strings.ToValidUTF8(strings.Join(vs, sep), "\uFFFD")
	}
	return out
}

// newCall checks the options and prepares the client. The caller calls done.
func newCall(ctx context.Context, env *node.Env, opt options, method, rawURL string) (*call, error) {
	u, err := address(rawURL, opt.Query)
	if err != nil {
		return nil, err
	}
	c := &call{env: env, opt: opt, method: method, url: u, maxBody: 64 << 20, what: method + " " + shown(u), repeat: isSafe(method), done: func() {}}
	if err := opt.Auth.check(); err != nil {
		return nil, err
	}
	if c.expect, err = parseStatuses(opt.Expect); err != nil {
		return nil, err
	}
	if c.cookies, err = newCookies(opt.Cookies, u, env.Now()); err != nil {
		return nil, err
	}
	if c.client, c.done, err = opt.client(env, c.cookies.jar); err != nil {
		return nil, err
	}
	if opt.Auth.Kind == "oauth2" {
		tctx, cancel := context.WithTimeout(ctx, c.timeout())
		defer cancel()
		t, err := opt.Auth.token(tctx, c.client)
		if err != nil {
			c.done()
			return nil, c.interrupted(ctx, err)
		}
		c.opt.Auth.Token = t
	}
	secrets := c.opt.Auth.secrets()
	if u.User != nil {
		if p, ok := u.User.Password(); ok {
			secrets = append(secrets, p)
		}
	}
	c.mask = masker(secrets)
	return c, nil
}

func isSafe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

func (c *call) timeout() time.Duration {
	if c.opt.Timeout > 0 {
		return c.opt.Timeout
	}
	return time.Minute
}

// interrupted prefers the reason why the whole step ended to what it caused.
func (c *call) interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// retries is how often to try again.
func (c *call) retries() int {
	switch {
	case c.opt.Retries != nil:
		return *c.opt.Retries
	case c.repeat:
		return 2
	}
	return 0
}

// do sends the request and reads the whole answer. A status that is not
// expected is a failure.
func (c *call) do(ctx context.Context) (*response, error) {
	var out *response
	err := c.stream(ctx, func(res *http.Response, tries int, took func() time.Duration) error {
		body, err := readBody(res, c.maxBody)
		out = &response{Response: res, status: res.StatusCode, body: body, tries: tries, took: took()}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// stream sends the request and hands an expected answer to use, which reads the
// body. Only failures before use is called lead to another try.
func (c *call) stream(ctx context.Context, use func(res *http.Response, tries int, took func() time.Duration) error) error {
	for try := 1; ; try++ {
		again, err := c.once(ctx, try, use)
		if again <= 0 {
			return c.interrupted(ctx, err)
		}
		if werr := wait(ctx, again); werr != nil {
			return werr
		}
	}
}

// noWait stands for a pause of no length, which still asks for another try.
const noWait = time.Nanosecond

// once makes one try. Again above 0 asks for another after that time.
func (c *call) once(ctx context.Context, try int, use func(*http.Response, int, func() time.Duration) error) (again time.Duration, err error) {
	tctx, cancel := context.WithTimeout(ctx, c.timeout())
	defer cancel()
	start := c.env.Now()
	res, err := c.send(tctx)
	if err != nil {
		if isRefused(err) && try <= c.retries() {
			return c.pause(nil, try), nil
		}
		return 0, c.tell(err)
	}
	defer res.Body.Close()
	c.cookies.learn(res)
	if c.expect.has(res.StatusCode) {
		return 0, c.tell(use(res, try, func() time.Duration { return c.env.Now().Sub(start) }))
	}
	if (res.StatusCode == http.StatusTooManyRequests || res.StatusCode == http.StatusServiceUnavailable) && try <= c.retries() {
		if p := c.pause(res, try); p > 0 {
			_, _ = io.CopyN(io.Discard, res.Body, 64<<10) // so that the connection can be used again
			return p, nil
		}
	}
	body, _ := io.ReadAll(io.LimitReader(res.Body, 8<<10)) // an excerpt; a cut one will do
	return 0, answered(c.what, &response{Response: res, status: res.StatusCode, body: body}, c.mask)
}

// tell is the package's tell with secrets masked: the text of an error may
// hold an API key that a redirect repeated.
func (c *call) tell(err error) error {
	err = tell(err, c.what)
	var f *node.Failure
	if errors.As(err, &f) {
		m := *f
		m.Message = c.mask(m.Message)
		return &m
	}
	return err
}

// send makes the request, answering a digest challenge.
func (c *call) send(ctx context.Context) (*http.Response, error) {
	req, err := c.request(ctx)
	if err != nil {
		return nil, err
	}
	res, err := c.client.Do(req)
	if err != nil || c.opt.Auth.Kind != "digest" || res.StatusCode != http.StatusUnauthorized || !sameOrigin(req.URL, res.Request.URL) {
		return res, err
	}
	header, err := c.opt.Auth.digest(res, res.Request.Method, res.Request.URL.RequestURI(), c.env.Rand)
	if err != nil || header == "" {
		return res, err
	}
	_, _ = io.CopyN(io.Discard, res.Body, 64<<10)
	_ = res.Body.Close()
	if req, err = c.request(ctx); err != nil {
		return nil, err
	}
	req.URL = res.Request.URL
	req.Header.Set("Authorization", header)
	return c.client.Do(req)
}

func (c *call) request(ctx context.Context) (*http.Request, error) {
	target := *c.url
	req, err := http.NewRequestWithContext(ctx, c.method, target.String(), nil)
	if err != nil {
		return nil, input("check the URL and the method", "%s cannot be made", c.what)
	}
	req.Header.Set("User-Agent", "Aether")
	if c.body != nil {
		req.Body = c.body.open(c.env)
		req.GetBody = func() (io.ReadCloser, error) { return c.body.open(c.env), nil }
		req.ContentLength = c.body.size()
		req.Header.Set("Content-Type", c.body.contentType)
		if req.ContentLength == 0 {
			req.Body = http.NoBody
		}
	}
	for _, set := range []map[string]string{c.opt.Headers, c.header} {
		for k, v := range set {
			if err := setHeader(req, k, v); err != nil {
				return nil, err
			}
		}
	}
	if c.token {
		req.Header.Set("Idempotency-Key", c.env.Token)
	}
	c.opt.Auth.apply(req)
	if c.opt.Auth.Kind == "aws" {
		var body io.ReadCloser
		if c.body != nil {
			body = c.body.open(c.env)
			defer body.Close()
		}
		if err := c.opt.Auth.sign(req, body, c.env.Now()); err != nil {
			return nil, err
		}
	}
	return req, nil
}

func setHeader(req *http.Request, k, v string) error {
	// The transport would refuse them too, quoting the value.
	if strings.ContainsAny(k, " \r\n\t:\x00") || k == "" {
		return input("write names like X-Request-Id", "%q cannot be the name of a header", k)
	}
	if strings.ContainsAny(v, "\r\n\x00") {
		return input("remove line ends from it", "the value of the header %s holds a line end", k)
	}
	switch strings.ToLower(k) {
	case "host":
		req.Host = v
	case "content-length", "transfer-encoding", "connection":
		return input("leave it out", "the header %s is set by Aether", k)
	default:
		req.Header.Set(k, v)
	}
	return nil
}

// pause is how long to wait before the next try; 0 means not to try again,
// because the service asks for more time than allowed.
func (c *call) pause(res *http.Response, try int) time.Duration {
	most := c.opt.MaxRetryWait
	if most <= 0 {
		most = time.Minute
	}
	if res != nil {
		if d, ok := retryAfter(res.Header.Get("Retry-After"), c.env.Now()); ok {
			if d > most {
				return 0
			}
			return max(d, noWait)
		}
	}
	d := max(c.opt.RetryWait, noWait)
	for i := 1; i < try && d < most; i++ {
		d *= 2
	}
	return min(d, most)
}

// retryAfter reads seconds or an HTTP date.
func retryAfter(s string, now time.Time) (time.Duration, bool) {
	if s == "" {
		return 0, false
	}
	if d, err := time.ParseDuration(strings.TrimSpace(s) + "s"); err == nil {
		return max(d, 0), true
	}
	if t, err := http.ParseTime(s); err == nil {
		return max(t.Sub(now), 0), true
	}
	return 0, false
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
