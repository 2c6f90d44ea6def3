// Package remote is a robot that reaches its orchestrator over HTTPS and has no
// database of it: it takes jobs, executes their runs with a durable engine of
// its own, and tells the orchestrator what it recorded, in order. The
// orchestrator decides whose a run is; this package stops a run whose lease it
// could not renew.
//
// What a node records is kept here first and sent after. Only what says that a
// node is about to act in a way that cannot be repeated goes the other way: it
// is sent, with all before it, and kept here when the orchestrator has it. So
// whoever goes on with the run knows of it.
package remote

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aether-rpa/aether/vault"
)

// Client sends requests to an orchestrator. It is safe for concurrent use.
type Client struct {
	base    string
	host    string
	ownCA   bool // certificates were given besides those of the system
	token   vault.Secret
	machine string
	http    *http.Client
	blind   atomic.Bool // the orchestrator knows no pictures in prints
}

// ErrInput says that the address, the certificate or the token cannot be used.
var ErrInput = errors.New("wrong input")

// NewClient returns a client for an orchestrator's address. Machine identifies
// the data folder. CA may hold certificates in PEM that are trusted besides
// those of the system.
func NewClient(server string, token vault.Secret, machine string, ca []byte) (*Client, error) {
	c, err := newClient(server, token, ca)
	if err != nil {
		return nil, err
	}
	if token.Empty() {
		return nil, fmt.Errorf("%w: the robot has no token: make one with `aether server token create NAME --role robot` on the orchestrator, and give it with --token-file or AETHER_ROBOT_TOKEN", ErrInput)
	}
	c.base, c.machine = c.base+"/robot", machine
	return c, nil
}

func newClient(server string, token vault.Secret, ca []byte) (*Client, error) {
	u, err := url.Parse(server)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("%w: the address of the orchestrator is written https://HOST:PORT, not %q", ErrInput, server)
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return nil, fmt.Errorf("%w: %s would carry the token and secrets in the clear: use https, or an address of this machine", ErrInput, server)
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != nil {
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(ca) {
			return nil, fmt.Errorf("%w: the file of the certificate authority holds no certificate in PEM", ErrInput)
		}
		conf.RootCAs = pool
	}
	return &Client{
		base: strings.TrimSuffix(u.String(), "/") + "/api/v1", host: u.Host, ownCA: ca != nil, token: token,
		http: &http.Client{
			Transport: &http.Transport{
				Proxy: http.ProxyFromEnvironment, TLSClientConfig: conf, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute,
				DialContext:         (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 10 * time.Second}).DialContext,
				TLSHandshakeTimeout: 10 * time.Second,
			},
			// Another address would get the token.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Refused is an answer of the orchestrator that says no.
type Refused struct {
	Status  int
	Kind    string `json:"kind"`
	Message string `json:"message"`
	Hint    string `json:"hint"`
}

// Error implements error.
func (r *Refused) Error() string {
	if r.Hint == "" {
		return "the orchestrator refuses: " + r.Message
	}
	return "the orchestrator refuses: " + r.Message + " (" + r.Hint + ")"
}

// refusal returns the answer that said no, if that is what an error is, and not
// a network or a server that is away.
func refusal(err error) *Refused {
	var r *Refused
	if errors.As(err, &r) && r.Status < 500 && r.Status != http.StatusTooManyRequests && r.Status != http.StatusRequestTimeout {
		return r
	}
	return nil
}

// lost reports whether an error says that the lease is another's.
func lost(err error) bool {
	r := refusal(err)
	return r != nil && r.Status == http.StatusConflict
}

// requestTime is how long a request without a time of its own may take.
const requestTime = 30 * time.Second

// call sends JSON and reads JSON, once.
func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	if _, timed := ctx.Deadline(); !timed {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, requestTime)
		defer cancel()
	}
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("writing a request: %w", err)
		}
		body = bytes.NewReader(b)
	}
	res, err := c.send(ctx, method, path, body, "application/json")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if out == nil || res.StatusCode == http.StatusNoContent {
		_, err = io.Copy(io.Discard, res.Body)
		return err
	}
	if err := json.NewDecoder(res.Body).Decode(out); err != nil {
		return fmt.Errorf("reading the answer of the orchestrator: %w", err)
	}
	return nil
}

// send sends a request; an answer that says no is a *Refused. The caller closes
// the body.
func (c *Client) send(ctx context.Context, method, path string, body io.Reader, kind string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, fmt.Errorf("asking the orchestrator: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token.Reveal())
	if c.machine != "" {
		req.Header.Set("Aether-Machine", c.machine)
	}
	if v, ok := ctx.Value(matchKey{}).(int64); ok && v > 0 {
		req.Header.Set("If-Match", strconv.FormatInt(v, 10))
	}
	if body != nil {
		req.Header.Set("Content-Type", kind)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, c.explain(err)
	}
	if res.StatusCode < 300 {
		return res, nil
	}
	defer res.Body.Close()
	r := &Refused{Status: res.StatusCode}
	b, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil || json.Unmarshal(b, r) != nil || r.Message == "" {
		r.Message = "it answers " + res.Status + " (is this the address of an Aether orchestrator?)"
	}
	return nil, r
}

// persist calls again while the orchestrator cannot be reached, until ctx ends.
func persist(ctx context.Context, call func() error) error {
	for wait := 200 * time.Millisecond; ; wait = min(2*wait, 3*time.Second) {
		err := call()
		if err == nil || refusal(err) != nil {
			return err
		}
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return errors.Join(context.Cause(ctx), err)
		}
	}
}
