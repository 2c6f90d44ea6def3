package remote

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"io/fs"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/node"
)

func TestSafeName(t *testing.T) {
	for _, good := range []string{"a", "a b.txt", ".hidden", "...", "ü", "a..b", "~", "$x", strings.Repeat("x", 255)} {
		if err := safeName(good, "/d"); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", ".", "..", "/", "a/b", "../a", "/etc", `..\a`, `a\..\..\b`, "a\x00", "a\nb", "a\r"} {
		if err := safeName(bad, "/d"); err == nil || node.AsFailure(err).Kind != node.KindDenied {
			t.Errorf("%q: got %v", bad, err)
		}
	}
}

func TestModes(t *testing.T) {
	for text, want := range map[string]fs.FileMode{
		"644": 0o644, "0755": 0o755, "0o600": 0o600, "rw-r--r--": 0o644, "rwxrwxrwx": 0o777, "---------": 0, "4755": fs.ModeSetuid | 0o755, "1777": fs.ModeSticky | 0o777,
	} {
		if got, err := ParseMode(text); err != nil || got != want {
			t.Errorf("%s: got %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "8", "99999", "rwx", "xwrxwrxwr", "-644", "u+x"} {
		if got, err := ParseMode(text); err == nil {
			t.Errorf("%s: got %v", text, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Uint32Range(0, 0o777).Draw(t, "n")
		if got, err := ParseMode(ModeText(fs.FileMode(n))); err != nil || got != fs.FileMode(n) {
			t.Fatalf("%o became %v, %v", n, got, err)
		}
	})
}

func TestFilter(t *testing.T) {
	tests := []struct {
		f          Filter
		rel        string
		left, want bool
	}{
		{Filter{}, "a/.x", true, true},
		{Filter{Hidden: true}, "a/.x", false, true},
		{Filter{Pattern: []string{"*.PDF"}}, "a/b.pdf", false, true},
		{Filter{Pattern: []string{"*.PDF"}, CaseSensitive: true}, "a/b.pdf", false, false},
		{Filter{Pattern: []string{"a/*.pdf"}}, "a/b/c.pdf", false, false},
		{Filter{Pattern: []string{"./a/**/*.pdf"}}, "a/b/c.pdf", false, true},
		{Filter{Exclude: []string{"tmp*"}}, "a/tmp1", true, true},
	}
	for _, tt := range tests {
		if left, want := tt.f.leavesOut(tt.rel), tt.f.wants(tt.rel); left != tt.left || want != tt.want {
			t.Errorf("%+v %s: %v, %v", tt.f, tt.rel, left, want)
		}
	}
	if err := (Filter{Pattern: []string{"[a"}}).Check(); err == nil {
		t.Error("a broken pattern was accepted")
	}
}

func TestDecide(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	tests := []struct {
		rule          string
		source, there time.Time
		exact         bool
		want          string
	}{
		{"overwrite", at, at, true, overwritten}, {"skip", at, time.Time{}, true, skipped},
		{"newer", at, at.Truncate(time.Second), true, skipped}, {"newer", at.Add(time.Second), at, true, overwritten},
		{"newer", at, at.Truncate(time.Minute), false, skipped}, {"newer", at.Add(time.Minute), at, false, overwritten},
		{"newer", at, time.Time{}, true, overwritten}, {"newer", at, at.Add(time.Hour), true, skipped},
	}
	for _, tt := range tests {
		if got, err := (Existing{tt.rule}).decide("x", tt.source, tt.there, tt.exact); err != nil || got != tt.want {
			t.Errorf("%+v: got %s, %v", tt, got, err)
		}
	}
	if _, err := (Existing{"error"}).decide("x", at, at, true); err == nil {
		t.Error("no error")
	}
}

func TestUnixLineEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("a\nü"))).Draw(t, "text")
		step := rapid.IntRange(1, 5).Draw(t, "step")
		var out bytes.Buffer
		u := &unix{w: bufio.NewWriter(&out)}
		wire := strings.ReplaceAll(text, "\n", "\r\n")
		for len(wire) > 0 {
			n := min(step, len(wire))
			_, _ = io.WriteString(u, wire[:n])
			wire = wire[n:]
		}
		if err := u.flush(); err != nil || out.String() != text || u.n != len(text) {
			t.Fatalf("got %q, %v", out.String(), err)
		}
	})
}

// broken is a server whose library panics.
type broken struct{ Server }

func (broken) Abs(p string) string { return p }

func TestPanicOfALibrary(t *testing.T) {
	closed := false
	open := func(context.Context) (Server, func(bool), error) {
		return broken{}, func(b bool) { closed = b }, nil
	}
	_, err := Exists{Path: "/x"}.Do(t.Context(), nil, open)
	if node.AsFailure(err).Kind != node.KindError || !closed {
		t.Errorf("got %v, closed %v", err, closed)
	}
}
