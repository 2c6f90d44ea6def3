package crypto

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/vault"
)

func TestExamples(t *testing.T) { nodetest.Examples(t, "crypto") }

func newIdentity(t testing.TB) (secret vault.Secret, public string) {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return vault.New(id.String()), id.Recipient().String()
}

func TestFiles(t *testing.T) {
	env := nodetest.Env(t)
	dir := env.Files.Dirs()[0]
	secret, public := newIdentity(t)
	other, _ := newIdentity(t)
	content := bytes.Repeat([]byte("Grüße\x00"), 30_000)
	write := func(name string, b []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a", content)
	for _, armored := range []bool{false, true} {
		for name, c := range map[string]struct {
			l    locks
			k, w keys
		}{
			"key":        {locks{Recipients: []string{public}}, keys{Identity: secret}, keys{Identity: other}},
			"passphrase": {locks{Passphrase: vault.New("pass"), WorkFactor: 10}, keys{Passphrase: vault.New("pass")}, keys{Passphrase: vault.New("wrong")}},
		} {
			c.l.Armor = armored
			if _, err := encryptFile(t.Context(), env, encryptFileIn{Path: "a", To: "a.age", locks: c.l}); err != nil {
				t.Fatal(name, err)
			}
			sealed, _ := os.ReadFile(filepath.Join(dir, "a.age"))
			if bytes.Contains(sealed, content[:50]) {
				t.Errorf("%s: not encrypted", name)
			}
			out, err := decryptFile(t.Context(), env, decryptFileIn{Path: "a.age", To: "b", keys: c.k})
			if got, _ := os.ReadFile(filepath.Join(dir, "b")); err != nil || !bytes.Equal(got, content) || out.Size != len(content) {
				t.Errorf("%s: %+v, %v", name, out, err)
			}
			if info, err := os.Stat(filepath.Join(dir, "b")); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: rights of what was decrypted: %v, %v", name, info, err)
			}
			if _, err := decryptFile(t.Context(), env, decryptFileIn{Path: "a.age", To: "no", keys: c.w}); err == nil || node.AsFailure(err).Kind != node.KindDenied {
				t.Errorf("%s: a wrong key: %v", name, err)
			}
			flipped := bytes.Clone(sealed)
			flipped[len(flipped)/2] ^= 1
			for what, b := range map[string][]byte{"cut": sealed[:len(sealed)-100], "head": sealed[:20], "empty": nil, "changed": flipped} {
				write("bad", b)
				if _, err := decryptFile(t.Context(), env, decryptFileIn{Path: "bad", To: "no", keys: c.k}); err == nil || node.AsFailure(err).Kind != node.KindInput {
					t.Errorf("%s, %s: %v", name, what, err)
				}
			}
			if _, err := os.Stat(filepath.Join(dir, "no")); err == nil {
				t.Errorf("%s: something was written", name)
			}
			if err := os.Remove(filepath.Join(dir, "b")); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestTextRoundTrip(t *testing.T) {
	secret, public := newIdentity(t)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		sealed, err := encryptText(context.Background(), nil, encryptTextIn{Text: text, locks: locks{Recipients: []string{public}, Armor: rapid.Bool().Draw(t, "armor")}})
		if err != nil {
			t.Fatal(err)
		}
		back, err := decryptText(context.Background(), nil, decryptTextIn{Text: sealed.Text, keys: keys{Identity: secret}})
		if err != nil || back.Text != text {
			t.Fatalf("%q became %q, %v", text, back.Text, err)
		}
	})
}

func TestBadKeys(t *testing.T) {
	secret, public := newIdentity(t)
	for _, l := range []locks{{}, {Recipients: []string{public}, Passphrase: vault.New("x")}, {Recipients: []string{"age1no"}}, {Recipients: []string{secret.Reveal()}}} {
		if _, err := l.recipients(); err == nil || strings.Contains(err.Error(), "AGE-SECRET-KEY-1") {
			t.Errorf("%+v: %v", l, err)
		}
	}
	for _, k := range []keys{{}, {Identity: secret, Passphrase: vault.New("x")}, {Identity: vault.New("AGE-SECRET-KEY-1PLANTED")}} {
		if _, err := k.identities(nil); err == nil || strings.Contains(err.Error(), "PLANTED") {
			t.Errorf("%v", err)
		}
	}
	if _, err := secretKey(vault.New("PLANTED")); err == nil || strings.Contains(err.Error(), "PLANTED") {
		t.Errorf("%v", err)
	}
}

func FuzzReadJWT(f *testing.F) {
	f.Add("eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLCJleHAiOjEzMDA4MTkzODB9.")
	env := nodetest.Env(f)
	f.Fuzz(func(t *testing.T, s string) {
		out, err := readJWT(t.Context(), env, readJWTIn{Token: s, Algorithm: "HS256", Secret: vault.New(strings.Repeat("k", 32))})
		if err == nil && out.Valid {
			t.Errorf("%q is valid", s)
		}
	})
}
