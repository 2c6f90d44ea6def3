package locale_test

import (
	"strings"
	"testing"

	"github.com/aether-rpa/aether/nodes/math/locale"
)

func TestNames(t *testing.T) {
	for _, n := range strings.Split(locale.Names, ",") {
		l := locale.Get(n)
		if l.Decimal == "" || l.Group == "" || l.Decimal == l.Group {
			t.Errorf("%s: %+v", n, l)
		}
		if n != "en-US" && n != "en-GB" && n != "es-MX" && n != "ja-JP" && n != "zh-CN" && n != "ko-KR" && l == locale.Get("none") {
			t.Errorf("%s is not in the table", n)
		}
	}
}

func TestFormat(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"en-US", "1234567.89", "1,234,567.89"}, {"en-IN", "-1234567.8", "-12,34,567.8"}, {"de-CH", "1000", "1’000"},
		{"de-DE", "999", "999"}, {"de-DE", "0.5", "0,5"}, {"fr-FR", "12345", "12\u202f345"},
	} {
		l := locale.Get(tt.name)
		if got := l.Format(tt.in, l.Decimal, l.Group); got != tt.want {
			t.Errorf("%s %s: got %q", tt.name, tt.in, got)
		}
	}
}
