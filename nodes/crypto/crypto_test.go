package crypto

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
		if _, err := k.identities(); err == nil || strings.Contains(err.Error(), "PLANTED") {
			t.Errorf("%v", err)
		}
	}
	if _, err := secretKey(vault.New("PLANTED")); err == nil || strings.Contains(err.Error(), "PLANTED") {
		t.Errorf("%v", err)
	}
}

func TestMakeKey(t *testing.T) {
	env := nodetest.Env(t)
	for _, kind := range []string{"age", "ed25519"} {
		out, err := makeKey(t.Context(), env, makeKeyIn{To: kind, Kind: kind})
		if err != nil {
			t.Fatal(err)
		}
		content, _ := os.ReadFile(out.Path)
		info, err := os.Stat(out.Path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", kind, info.Mode(), err)
		}
		if strings.Contains(fmt.Sprint(out), "SECRET") || strings.Contains(fmt.Sprint(out), "PRIVATE") {
			t.Errorf("%s: the secret key is an output", kind)
		}
		if _, err := makeKey(t.Context(), env, makeKeyIn{To: kind, Kind: kind}); err == nil {
			t.Errorf("%s: a key was replaced", kind)
		}
		if again, _ := os.ReadFile(out.Path); !bytes.Equal(again, content) {
			t.Errorf("%s: a key was changed", kind)
		}
		if kind == "ed25519" {
			signed, err := nodetest.Run(t, env, "crypto.sign", map[string]any{"text": "ü", "key": string(content)})
			if err != nil || signed["public"] != out.Public {
				t.Fatal(signed, err)
			}
			valid, err := nodetest.Run(t, env, "crypto.verify", map[string]any{"text": "ü", "signature": signed["signature"], "public": out.Public})
			if err != nil || valid["valid"] != true {
				t.Error(valid, err)
			}
			continue
		}
		sealed, err := encryptText(t.Context(), env, encryptTextIn{Text: "x", locks: locks{Recipients: []string{out.Public}}})
		if err != nil {
			t.Fatal(err)
		}
		if back, err := decryptText(t.Context(), env, decryptTextIn{Text: sealed.Text, keys: keys{Identity: vault.New(string(content))}}); err != nil || back.Text != "x" {
			t.Error(back, err)
		}
	}
}

func TestJWT(t *testing.T) {
	env := nodetest.Env(t)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&rsaKey.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	publicPEM := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))
	secretPEM := vault.New(string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaKey)})))
	shared := vault.New(strings.Repeat("k", 32))
	claims := map[string]any{"sub": "ü", "n": 1 << 52, "iss": "me", "aud": "you"}
	for _, algorithm := range []string{"HS256", "RS256"} {
		secret := map[string]vault.Secret{"HS256": shared, "RS256": secretPEM}[algorithm]
		made, err := makeJWT(t.Context(), env, makeJWTIn{Claims: claims, Algorithm: algorithm, Secret: secret, ExpiresIn: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		read := readJWTIn{Token: "Bearer " + made.Token, Algorithm: algorithm, Secret: shared, PublicKey: publicPEM, Issuer: "me", Audience: "you"}
		for _, c := range []struct {
			name   string
			change func(*readJWTIn)
			reason string
		}{
			{"good", func(*readJWTIn) {}, ""},
			{"issuer", func(in *readJWTIn) { in.Issuer = "x" }, "issuer"},
			{"audience", func(in *readJWTIn) { in.Audience = "x" }, "audience"},
			{"signature", func(in *readJWTIn) { in.Token = in.Token[:len(in.Token)-8] + "AAAAAAAA" }, "signature"},
			{"none", func(in *readJWTIn) {
				p := strings.Split(in.Token, ".")
				in.Token = "eyJhbGciOiJub25lIn0." + p[1] + "."
			}, "signature"},
			{"other algorithm", func(in *readJWTIn) {
				in.Algorithm = map[string]string{"HS256": "RS256", "RS256": "HS256"}[algorithm]
			}, "signature"},
			// The public key as shared secret is the classic forgery.
			{"confused", func(in *readJWTIn) { in.Algorithm, in.Secret = "HS256", vault.New(publicPEM) }, "signature"},
		} {
			in := read
			c.change(&in)
			out, err := readJWT(t.Context(), env, in)
			if err != nil || out.Valid != (c.reason == "") || !strings.Contains(out.Reason, c.reason) || !out.Valid && out.Claims != nil {
				t.Errorf("%s, %s: %+v, %v", algorithm, c.name, out, err)
			}
			if out.Valid && (out.Claims["n"] != 1<<52 || out.Claims["sub"] != "ü") {
				t.Errorf("%s: claims %v", algorithm, out.Claims)
			}
		}
		later := *env
		later.Now = func() time.Time { return time.Now().Add(2 * time.Hour) }
		if out, err := readJWT(t.Context(), &later, read); err != nil || out.Valid || !strings.Contains(out.Reason, "expired") {
			t.Errorf("%s: an old token: %+v, %v", algorithm, out, err)
		}
	}
	for _, token := range []string{"", "a", "a.b.c", "e30.e30", "W10.e30.", "...."} {
		if _, err := readJWT(t.Context(), env, readJWTIn{Token: token, Algorithm: "HS256", Secret: shared}); err == nil {
			t.Errorf("%q: no error", token)
		}
	}
	if _, err := makeJWT(t.Context(), env, makeJWTIn{Algorithm: "HS256", Secret: vault.New("short")}); err == nil || strings.Contains(err.Error(), "\"short\"") {
		t.Errorf("a short secret: %v", err)
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
