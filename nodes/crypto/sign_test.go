package crypto

import (
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/vault"
)

func run(t *testing.T, env *node.Env, typ string, params map[string]any) map[string]any {
	t.Helper()
	out, err := nodetest.Run(t, env, typ, params)
	if err != nil {
		t.Fatalf("%s %v: %v", typ, params, err)
	}
	return out
}

// program runs a real program in the folder of env, or skips.
func program(t *testing.T, env *node.Env, stdin, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skip(err)
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Dir, cmd.Stdin = env.Files.Dirs()[0], strings.NewReader(stdin)
	b, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, b)
	}
	return string(b)
}

func put(t *testing.T, env *node.Env, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(env.Files.Dirs()[0], name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestMakeKey(t *testing.T) {
	env := nodetest.Env(t)
	for _, kind := range []string{"age", "ed25519", "ecdsa", "rsa"} {
		out := run(t, env, "crypto.make_key", map[string]any{"to": kind, "kind": kind})
		public := out["public"].(string)
		content, err := os.ReadFile(out["path"].(string))
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(out["path"].(string)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", kind, info.Mode(), err)
		}
		if s := fmt.Sprint(out); strings.Contains(s, "SECRET") || strings.Contains(s, "PRIVATE") {
			t.Errorf("%s: the secret key is an output", kind)
		}
		if _, err := nodetest.Run(t, env, "crypto.make_key", map[string]any{"to": kind, "kind": kind}); err == nil {
			t.Errorf("%s: a key was replaced", kind)
		}
		if again, err := os.ReadFile(out["path"].(string)); err != nil || string(again) != string(content) {
			t.Errorf("%s: the key was changed", kind)
		}
		if kind == "age" {
			sealed := run(t, env, "crypto.encrypt_text", map[string]any{"text": "x", "recipients": []any{public}})
			for _, p := range []map[string]any{{"identity_file": kind}, {"identity": string(content)}} {
				p["text"] = sealed["text"]
				if back := run(t, env, "crypto.decrypt_text", p); back["text"] != "x" {
					t.Error(back)
				}
			}
			continue
		}
		put(t, env, "message", "Grüße\x00\n")
		for _, p := range []map[string]any{{"text": "ü", "key": string(content)}, {"path": "message", "key_file": kind}} {
			signed := run(t, env, "crypto.sign", p)
			if signed["public"] != public {
				t.Errorf("%s: the public key is %v", kind, signed["public"])
			}
			v := map[string]any{"signature": signed["signature"], "public": public}
			for k, x := range p {
				if k == "text" || k == "path" {
					v[k] = x
				}
			}
			if got := run(t, env, "crypto.verify", v); got["valid"] != true {
				t.Errorf("%s: %v", kind, got)
			}
			v["text"], v["path"] = "another", ""
			if got := run(t, env, "crypto.verify", v); got["valid"] != false {
				t.Errorf("%s: another text is valid", kind)
			}
		}
	}
}

func TestOpenSSLSignatures(t *testing.T) {
	env := nodetest.Env(t)
	put(t, env, "m", "Grüße\x00\n")
	for _, c := range []struct {
		scheme       string
		make         []string
		sign, verify []string
	}{
		{"ed25519", []string{"genpkey", "-algorithm", "ed25519", "-out", "k"},
			[]string{"pkeyutl", "-sign", "-rawin", "-in", "m", "-inkey", "k", "-out", "s"}, []string{"pkeyutl", "-verify", "-rawin", "-in", "m", "-pubin", "-inkey", "p", "-sigfile", "s"}},
		{"ecdsa-sha256", []string{"ecparam", "-name", "prime256v1", "-genkey", "-out", "k"},
			[]string{"dgst", "-sha256", "-sign", "k", "-out", "s", "m"}, []string{"dgst", "-sha256", "-verify", "p", "-signature", "s", "m"}},
		{"rsa-sha256", []string{"genrsa", "-traditional", "-out", "k", "2048"},
			[]string{"dgst", "-sha256", "-sign", "k", "-out", "s", "m"}, []string{"dgst", "-sha256", "-verify", "p", "-signature", "s", "m"}},
		{"rsa-pss-sha256", []string{"genpkey", "-algorithm", "rsa", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "k"},
			[]string{"dgst", "-sha256", "-sigopt", "rsa_padding_mode:pss", "-sign", "k", "-out", "s", "m"}, []string{"dgst", "-sha256", "-sigopt", "rsa_padding_mode:pss", "-verify", "p", "-signature", "s", "m"}},
	} {
		t.Run(c.scheme, func(t *testing.T) {
			dir := env.Files.Dirs()[0]
			program(t, env, "", "openssl", c.make...)
			program(t, env, "", "openssl", "pkey", "-in", "k", "-pubout", "-out", "p")
			program(t, env, "", "openssl", c.sign...)
			sig, err := os.ReadFile(filepath.Join(dir, "s"))
			if err != nil {
				t.Fatal(err)
			}
			public, err := os.ReadFile(filepath.Join(dir, "p"))
			if err != nil {
				t.Fatal(err)
			}
			v := map[string]any{"path": "m", "signature": base64.StdEncoding.EncodeToString(sig), "public": string(public), "scheme": c.scheme}
			if got := run(t, env, "crypto.verify", v); got["valid"] != true {
				t.Errorf("ours says of the program's: %v", got)
			}
			ours := run(t, env, "crypto.sign", map[string]any{"path": "m", "key_file": "k", "scheme": c.scheme})
			raw, err := base64.StdEncoding.DecodeString(ours["signature"].(string))
			if err != nil {
				t.Fatal(err)
			}
			put(t, env, "s", string(raw))
			program(t, env, "", "openssl", c.verify...)
		})
	}
}

func TestAgeProgram(t *testing.T) {
	env := nodetest.Env(t)
	out := run(t, env, "crypto.make_key", map[string]any{"to": "ours"})
	program(t, env, "", "age-keygen", "-o", "theirs")
	theirs := strings.TrimSpace(program(t, env, "", "age-keygen", "-y", "theirs"))
	if got := strings.TrimSpace(program(t, env, "", "age-keygen", "-y", "ours")); got != out["public"] {
		t.Errorf("age-keygen says %s", got)
	}
	text := strings.Repeat("Grüße\n", 30_000)
	put(t, env, "m", text)
	for _, armored := range []bool{false, true} {
		run(t, env, "crypto.encrypt_file", map[string]any{"path": "m", "to": "m.age", "recipients": []any{theirs, out["public"]}, "armor": armored})
		if got := program(t, env, "", "age", "-d", "-i", "theirs", "m.age"); got != text {
			t.Errorf("age read %d bytes", len(got))
		}
		args := []string{"-r", out["public"].(string), "-o", "n.age", "m"}
		if armored {
			args = append([]string{"-a"}, args...)
		}
		program(t, env, "", "age", args...)
		run(t, env, "crypto.decrypt_file", map[string]any{"path": "n.age", "to": "n", "identity_file": "ours"})
		if got, err := os.ReadFile(filepath.Join(env.Files.Dirs()[0], "n")); err != nil || string(got) != text {
			t.Errorf("we read %d bytes: %v", len(got), err)
		}
	}
}

// Whatever is wrong with a key, no part of it shows.
func TestKeysStaySecret(t *testing.T) {
	env := nodetest.Env(t)
	const planted = "PLANTEDsecret"
	for _, key := range []string{
		planted, "-----BEGIN PRIVATE KEY-----\n" + base64.StdEncoding.EncodeToString([]byte(planted)) + "\n-----END PRIVATE KEY-----",
		"-----BEGIN ENCRYPTED PRIVATE KEY-----\n" + base64.StdEncoding.EncodeToString([]byte(planted)) + "\n-----END ENCRYPTED PRIVATE KEY-----", "AGE-SECRET-KEY-1" + planted,
	} {
		put(t, env, "key", key)
		for typ, params := range map[string]map[string]any{
			"crypto.sign":         {"text": "x", "key": key},
			"crypto.make_jwt":     {"claims": map[string]any{}, "algorithm": "RS256", "secret": key},
			"crypto.decrypt_text": {"text": sampleArmored, "identity": key},
			"crypto.aes_encrypt":  {"text": "x", "key": key},
			"crypto.verify":       {"text": "x", "signature": "AAAA", "public": key},
		} {
			_, err := nodetest.Run(t, env, typ, params)
			f := node.AsFailure(err)
			b64 := base64.StdEncoding.EncodeToString([]byte(planted))
			if err == nil || strings.Contains(fmt.Sprint(f.Message, f.Hint), "PLANTED") || strings.Contains(fmt.Sprint(f.Message, f.Hint), b64) {
				t.Errorf("%s: %v", typ, err)
			}
		}
		if _, err := nodetest.Run(t, env, "crypto.sign", map[string]any{"text": "x", "key_file": "key"}); err == nil || strings.Contains(err.Error(), "PLANTED") {
			t.Errorf("from a file: %v", err)
		}
	}
	if _, err := secretKey(vault.New("")); err == nil {
		t.Error("an empty key was taken")
	}
	if _, err := nodetest.Run(t, env, "crypto.sign", map[string]any{"text": "x", "key_file": "../key"}); node.AsFailure(err).Kind != node.KindDenied {
		t.Errorf("a key outside: %v", err)
	}
}

func FuzzKeys(f *testing.F) {
	secret, public, err := signingKey("ecdsa")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(secret)
	f.Add(public)
	f.Fuzz(func(_ *testing.T, s string) {
		_, _ = secretKey(vault.New(s))
		_, _ = publicKey(s)
	})
}
