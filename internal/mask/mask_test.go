package mask_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/internal/mask"
)

func TestForms(t *testing.T) {
	const secret = "pä$s \"w\\ord/+=&"
	var s mask.Set
	s.Add(secret)
	js, err := json.Marshal(secret)
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret), hex.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte(secret)), strings.Trim(string(js), `"`)} {
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

// TestShort: masking a short word everywhere would tell more than it hides.
func TestShort(t *testing.T) {
	var s mask.Set
	s.Add("abc")
	if got := s.Text("abcdef"); got != "abcdef" {
		t.Errorf("Text = %q", got)
	}
}
