package egress

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"sync"
	"time"
)

// Proxy is an HTTP proxy on the loopback interface that keeps to a policy. It is for programs that open connections of
// their own, as browsers do for whatever a page asks for.
type Proxy struct {
	l    net.Listener
	srv  *http.Server
	dial func(ctx context.Context, network, addr string) (net.Conn, error)
	http *httputil.ReverseProxy

	mu      sync.Mutex
	tunnels map[net.Conn]struct{}
}

// NewProxy starts a proxy on a free port.
func NewProxy(p Policy) (*Proxy, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting the proxy for browsers: %w", err)
	}
	x := &Proxy{l: l, dial: Dialer(p), tunnels: map[net.Conn]struct{}{}}
	x.http = &httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.Out.Header["X-Forwarded-For"] = nil },
		Transport:    &http.Transport{DialContext: x.dial, DisableCompression: true, MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) { refuse(w, err) },
		ErrorLog:     slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	x.srv = &http.Server{Handler: x, ReadHeaderTimeout: time.Minute, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	go func() { _ = x.srv.Serve(l) }()
	return x, nil
}

// URL is the address of the proxy.
func (x *Proxy) URL() string { return "http://" + x.l.Addr().String() }

// Close ends the proxy and the connections through it.
func (x *Proxy) Close() error {
	err := x.srv.Close()
	x.mu.Lock()
	defer x.mu.Unlock()
	for c := range x.tunnels {
		_ = c.Close()
	}
	return err
}

// ServeHTTP implements http.Handler.
func (x *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodConnect:
		x.tunnel(w, r)
	case r.URL.Host == "":
		http.Error(w, "this is the proxy of Aether's browsers and no site", http.StatusBadRequest)
	default:
		x.http.ServeHTTP(w, r)
	}
}

// refuse answers for a site that was not reached.
func refuse(w http.ResponseWriter, err error) {
	var denied *DeniedError
	status := http.StatusBadGateway
	if errors.As(err, &denied) {
		status = http.StatusForbidden
	}
	http.Error(w, err.Error(), status)
}

func (x *Proxy) tunnel(w http.ResponseWriter, r *http.Request) {
	there, err := x.dial(r.Context(), "tcp", r.Host)
	if err != nil {
		refuse(w, err)
		return
	}
	here, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = there.Close()
		refuse(w, err)
		return
	}
	x.mu.Lock()
	x.tunnels[here], x.tunnels[there] = struct{}{}, struct{}{}
	x.mu.Unlock()
	end := func() {
		_, _ = here.Close(), there.Close()
		x.mu.Lock()
		delete(x.tunnels, here)
		delete(x.tunnels, there)
		x.mu.Unlock()
	}
	if _, err := io.WriteString(here, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		end()
		return
	}
	go func() {
		_, _ = io.Copy(there, buffered)
		if c, ok := there.(interface{ CloseWrite() error }); ok {
			_ = c.CloseWrite()
			return
		}
		_ = there.Close()
	}()
	_, _ = io.Copy(here, there)
	end()
}
