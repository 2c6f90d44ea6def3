package mask_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/internal/mask"
)

func TestForms(t *testing.T) {
	const secret = "pä$s \"w\\ord/+=&<x>"
	var s mask.Set
	s.Add(secret)
	js, err := json.Marshal(secret)
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret), hex.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte(secret)), strings.Trim(string(js), `"`),
		strings.ToUpper(hex.EncodeToString([]byte(secret))), base64.URLEncoding.EncodeToString([]byte(secret)), html.EscapeString(secret),
		"p%c3%a4%24s%20%22w%5cord%2f%2b%3d%26%3cx%3e", `pä$s \"w\\ord/+=&<x>`, `p\u00e4$s \"w\\ord/+=&<x>`, `pä$s \"w\\ord\/+=&<x>`} {
		if got := s.Text("before " + form + " after"); got != "before *** after" {
			t.Errorf("Text(%q) = %q", form, got)
		}
	}
	v := s.Value(map[string]any{"a": []any{secret, 1}, secret: true}).(map[string]any)
	if v["a"].([]any)[0] != "***" || v["***"] != true {
		t.Errorf("Value = %v", v)
	}
}

// TestInner: the password of basic auth is found whatever the user's name.
func TestInner(t *testing.T) {
	for _, user := range []string{"a", "ab", "abc", "abcd"} {
		var s mask.Set
		s.Add("correct horse")
		text := base64.StdEncoding.EncodeToString([]byte(user + ":correct horse"))
		if got := s.Text("Basic " + text); !strings.Contains(got, "***") || strings.Contains(got, text[8:len(text)-6]) {
			t.Errorf("user %s: %s", user, got)
		}
	}
}

// TestLines: each line of a key is a secret, and what is no secret stays.
func TestLines(t *testing.T) {
	const secret = "-----BEGIN KEY-----\r\nMIIEvQIBADAN\n  \"id\": \"a/b\",\n{\n}\ntrue,\nab\n-----END KEY-----\n"
	var s mask.Set
	s.Add(secret)
	for _, tt := range []struct{ in, want string }{
		{secret, "***"},
		{strings.TrimSpace(secret), "***"},
		{"line MIIEvQIBADAN.", "line ***."},
		{base64.StdEncoding.EncodeToString([]byte("MIIEvQIBADAN")), "***"},
		{hex.EncodeToString([]byte("MIIEvQIBADAN")), "***"},
		{url.QueryEscape(`"id": "a/b",`), "***"},
		{base64.StdEncoding.EncodeToString([]byte(secret)), "***"},
		{"true, { } ab", "true, { } ab"},
	} {
		if got := s.Text(tt.in); got != tt.want {
			t.Errorf("Text(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

// TestWrapped: long base64 comes in lines.
func TestWrapped(t *testing.T) {
	secret := strings.Repeat("a long secret, ", 20) + "its end"
	var s mask.Set
	s.Add(secret)
	for _, width := range []int{64, 76} {
		text := base64.StdEncoding.EncodeToString([]byte(secret + "\n"))
		var lines []string
		for ; len(text) > width; text = text[width:] {
			lines = append(lines, text[:width])
		}
		got := s.Text(strings.Join(append(lines, text), "\n"))
		if left := strings.Trim(got, "*\n"); len(left) > 5 {
			t.Errorf("at %d left over: %s", width, got)
		}
	}
}

// TestShort: masking a short word everywhere would tell more than it hides.
func TestShort(t *testing.T) {
	var s mask.Set
	s.Add("abc")
	if got := s.Text("abcdef"); got != "abcdef" {
		t.Errorf("Text = %q", got)
	}
}
