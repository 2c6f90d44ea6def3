package httpnode

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
)

func TestWaitForRequest(t *testing.T) {
	env := nodetest.Env(t)
	heard := make(chan string, 1)
	env.Progress = func(msg string, _, _ int) { heard <- strings.TrimPrefix(msg, "waiting for a request at ") }
	answer := make(chan error, 1)
	go func() {
		at := <-heard
		if r, err := http.Get(strings.Replace(at, "/callback", "/favicon.ico", 1)); err != nil || r.StatusCode != 404 {
			t.Errorf("another path: %v, %v", r, err)
		} else {
			_ = r.Body.Close()
		}
		r, err := http.PostForm(at+"?code=abc&x=1&x=2", url.Values{"state": {"s 1"}})
		if err == nil {
			_ = r.Body.Close()
		}
		answer <- err
	}()
	out, err := waitForRequest(context.Background(), env, waitRequestIn{Host: "127.0.0.1", Path: "/callback", Timeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-answer; err != nil {
		t.Errorf("the caller got no answer: %v", err)
	}
	x, _ := out.Query["x"].([]any)
	if out.Method != "POST" || out.Query["code"] != "abc" || out.Query["state"] != "s 1" || len(x) != 2 {
		t.Errorf("got %+v", out)
	}
}

func TestWaitForRequestFails(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	env := nodetest.Env(t)
	_, err = waitForRequest(context.Background(), env, waitRequestIn{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, Path: "/", Timeout: time.Second})
	if f := node.AsFailure(err); f == nil || f.Kind != node.KindNetwork {
		t.Errorf("a port in use gave %v", err)
	}
	_, err = waitForRequest(context.Background(), env, waitRequestIn{Host: "127.0.0.1", Path: "/", Timeout: time.Millisecond})
	if f := node.AsFailure(err); f == nil || f.Kind != node.KindTimeout {
		t.Errorf("nobody called, and it gave %v", err)
	}
}
