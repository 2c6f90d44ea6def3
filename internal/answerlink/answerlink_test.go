package answerlink_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/answerlink"
)

// keyOf is the key of a run: of each its own.
func keyOf(run string) ([]byte, error) { return answerlink.Key([]byte("0123456789abcdef" + run)) }

func TestTokens(t *testing.T) {
	key, err := keyOf("r1")
	if err != nil {
		t.Fatal(err)
	}
	l := answerlink.Link{Run: "r1", Topic: "answer:each[2]/ask", For: "boss@example.com", Valid: 60}
	token, err := answerlink.Sign(key, l)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := answerlink.Sign(key, l); again != token {
		t.Error("the same link has two tokens: a flow that is walked again would send another")
	}
	got, err := answerlink.Open(token, keyOf)
	if err != nil || *got != l {
		t.Fatalf("%v %+v", err, got)
	}
	body, sum, _ := strings.Cut(token, ".")
	other := strings.Replace(string(decoded(t, body)), `"r1"`, `"r2"`, 1)
	for name, bad := range map[string]string{
		"empty": "", "no signature": body, "of another run": base64.RawURLEncoding.EncodeToString([]byte(other)) + "." + sum,
		"another person": base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(decoded(t, body)), "boss", "kims", 1))) + "." + sum,
		"cut":            token[:len(token)-2], "padded": token + "=", "long": strings.Repeat("A", 5000) + "." + sum, "nonsense": "%%%.%%%", "no person": base64.RawURLEncoding.EncodeToString([]byte(`{"r":"r1","t":"x"}`)) + "." + sum,
	} {
		if _, err := answerlink.Open(bad, keyOf); !errors.Is(err, answerlink.ErrBad) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Every byte counts.
	for i := range token {
		changed := token[:i] + map[bool]string{true: "B", false: "A"}[token[i] == 'A'] + token[i+1:]
		if _, err := answerlink.Open(changed, keyOf); err == nil {
			t.Errorf("byte %d may be another", i)
		}
	}
}

func decoded(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEnds(t *testing.T) {
	asked := time.UnixMilli(1_000_000)
	until := asked.Add(time.Hour)
	for name, c := range map[string]struct {
		l     answerlink.Link
		until time.Time
		want  time.Time
	}{
		"as long as the question":         {answerlink.Link{}, until, until},
		"the usual time":                  {answerlink.Link{}, time.Time{}, asked.Add(answerlink.Usual)},
		"shorter than the question":       {answerlink.Link{Valid: 60}, until, asked.Add(time.Minute)},
		"never longer than the question":  {answerlink.Link{Valid: 36_000}, until, until},
		"by hand":                         {answerlink.Link{Until: 1_000_500}, time.Time{}, time.UnixMilli(1_000_500)},
		"by hand, longer than the others": {answerlink.Link{Until: 99_000_000_000}, until, until},
	} {
		if got := c.l.Ends(asked, c.until); !got.Equal(c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
