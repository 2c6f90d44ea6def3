package demo_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/demo"
)

func get(t *testing.T, url string) (string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return string(b), err
}

func TestSite(t *testing.T) {
	var s demo.Site
	defer s.Close()
	if st := s.State(); st != (demo.SiteState{}) {
		t.Fatalf("it begins as %+v", st)
	}
	if _, err := s.Release(); err == nil {
		t.Error("a closed site has a release")
	}
	first, err := s.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(first.URL, "http://127.0.0.1:") || first.Level != 0 {
		t.Fatalf("open: %+v", first)
	}
	again, err := s.Open(t.Context())
	if err != nil || again != first {
		t.Errorf("open twice: %+v, %v", again, err)
	}
	page := first.URL + "/acme/login"
	before, err := get(t, page)
	if err != nil || !strings.Contains(before, `id="user"`) {
		t.Fatalf("the page as written: %v\n%s", err, before)
	}
	seen := map[string]bool{before: true}
	for n := int64(1); n <= 3; n++ {
		st, err := s.Release()
		if err != nil || st.Release != n || st.Level < 1 {
			t.Fatalf("release %d: %+v, %v", n, st, err)
		}
		now, err := get(t, page)
		if err != nil || strings.Contains(now, `id="user"`) || seen[now] {
			t.Errorf("release %d is as one before: %v", n, err)
		}
		if !strings.Contains(now, "Sign in") {
			t.Error("a release has other words")
		}
		seen[now] = true
	}
	s.Close()
	s.Close()
	if _, err := get(t, page); err == nil {
		t.Error("a closed site answers")
	}
	if st, err := s.Open(t.Context()); err != nil || st.Level != 0 || st.Release != 0 {
		t.Errorf("open again: %+v, %v", st, err)
	}
}

func TestSiteThatNobodyUsesCloses(t *testing.T) {
	s := demo.Site{Idle: 20 * time.Millisecond}
	defer s.Close()
	st, err := s.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for s.State().URL != "" {
		select {
		case <-ctx.Done():
			t.Fatal("it stays open")
		case <-tick.C:
		}
	}
	if _, err := get(t, st.URL); err == nil {
		t.Error("it still answers")
	}
}

func TestFlow(t *testing.T) {
	f, err := flow.Decode([]byte(demo.Flow))
	if err != nil {
		t.Fatal(err)
	}
	if f.Name != demo.Name || f.Description != demo.Description {
		t.Errorf("the flow is %q: %q", f.Name, f.Description)
	}
	if len(f.Inputs) != 1 || f.Inputs[0].Name != demo.Input {
		t.Errorf("inputs: %+v", f.Inputs)
	}
}
