package hash

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"
	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/vault"
)

func TestExamples(t *testing.T) { nodetest.Examples(t, "hash") }

func TestOldNames(t *testing.T) {
	for old, now := range map[string]string{"text.hash": "hash.text", "text.hmac": "hash.hmac", "file.hash": "hash.file"} {
		if d := node.Default.Get(old); d == nil || d.Type != now {
			t.Errorf("%s is %v", old, d)
		}
	}
}

func run(t *testing.T, env *node.Env, typ string, params map[string]any) map[string]any {
	t.Helper()
	out, err := nodetest.Run(t, env, typ, params)
	if err != nil {
		t.Fatalf("%s %v: %v", typ, params, err)
	}
	return out
}

func TestKnownDigests(t *testing.T) {
	env := nodetest.Env(t)
	for _, tt := range []struct{ text, algorithm, as, want string }{
		{"", "md5", "hex", "d41d8cd98f00b204e9800998ecf8427e"},
		{"abc", "sha1", "base64", "qZk+NkcGgWq6PiVxeFDCbJzQ2J0="},
		{"abc", "sha224", "hex", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"},
		{"abc", "sha512", "hex", "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
		{"abc", "sha3-256", "hex", "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"},
		{"abc", "blake2b-512", "hex", "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923"},
	} {
		p := map[string]any{"text": tt.text, "algorithm": tt.algorithm, "as": tt.as, "expected": " " + tt.want + "\n"}
		if got := run(t, env, "hash.text", p); got["text"] != tt.want || got["matches"] != true {
			t.Errorf("%s gave %v", tt.algorithm, got)
		}
		if err := os.WriteFile(filepath.Join(env.Files.Dirs()[0], "a"), []byte(tt.text), 0o644); err != nil {
			t.Fatal(err)
		}
		delete(p, "text")
		p["path"] = "a"
		if got := run(t, env, "hash.file", p); got["hash"] != tt.want || got["matches"] != true || got["size"] != len(tt.text) {
			t.Errorf("%s gave %v", tt.algorithm, got)
		}
		p["expected"] = "nothing of the kind"
		if got := run(t, env, "hash.file", p); got["matches"] != false {
			t.Errorf("%s matches nonsense", tt.algorithm)
		}
	}
}

// Every algorithm that a param offers is there, and is not silently another.
func TestAlgorithmsAreThere(t *testing.T) {
	for _, typ := range []string{"hash.text", "hash.file", "hash.hmac"} {
		for _, name := range node.Default.Get(typ).In.Field("algorithm").Enum {
			if algorithms[name] == nil {
				t.Errorf("%s offers %s", typ, name)
			}
		}
	}
}

func TestPrograms(t *testing.T) {
	env := nodetest.Env(t)
	path := filepath.Join(env.Files.Dirs()[0], "a")
	if err := os.WriteFile(path, []byte(strings.Repeat("text\n", 100_000)), 0o644); err != nil {
		t.Fatal(err)
	}
	for program, algorithm := range map[string]string{"md5sum": "md5", "sha1sum": "sha1", "sha224sum": "sha224", "sha256sum": "sha256", "sha384sum": "sha384", "sha512sum": "sha512", "b2sum": "blake2b-512"} {
		b, err := exec.CommandContext(t.Context(), program, path).Output()
		if err != nil {
			t.Logf("%s: %v", program, err)
			continue
		}
		want, _, _ := strings.Cut(string(b), " ")
		if got := run(t, env, "hash.file", map[string]any{"path": "a", "algorithm": algorithm}); got["hash"] != want {
			t.Errorf("%s says %s, %s gave %v", program, want, algorithm, got["hash"])
		}
	}
}

func TestHMAC(t *testing.T) {
	env := nodetest.Env(t)
	p := map[string]any{"text": "what do ya want for nothing?", "key": "4a656665", "key_encoding": "hex", "algorithm": "md5"}
	if got := run(t, env, "hash.hmac", p); got["text"] != "750c783e6ab0b503eaa86e310a5db738" {
		t.Errorf("got %v", got)
	}
	p["expected"] = "750c783e6ab0b503eaa86e310a5db739"
	if got := run(t, env, "hash.hmac", p); got["matches"] != false {
		t.Errorf("got %v", got)
	}
	for _, p := range []map[string]any{{"text": "x", "key": ""}, {"text": "x", "key": "planted-secret", "key_encoding": "hex"}} {
		if _, err := nodetest.Run(t, env, "hash.hmac", p); err == nil || strings.Contains(err.Error(), "planted") {
			t.Errorf("got %v", err)
		}
	}
}

func TestFileFailures(t *testing.T) {
	env := nodetest.Env(t)
	for path, kind := range map[string]string{"../x": node.KindDenied, "nope": node.KindNotFound, ".": node.KindInput} {
		_, err := nodetest.Run(t, env, "hash.file", map[string]any{"path": path})
		if f := node.AsFailure(err); err == nil || f.Kind != kind {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestPasswords(t *testing.T) {
	env := nodetest.Env(t)
	const planted = "planted-secret-ü"
	for _, p := range []map[string]any{{"memory": 8, "time": 1}, {"algorithm": "bcrypt", "cost": 10}} {
		p["password"] = planted
		first, second := run(t, env, "hash.password", p)["hash"].(string), run(t, env, "hash.password", p)["hash"].(string)
		if first == second || strings.Contains(first, "planted") {
			t.Errorf("got %s and %s", first, second)
		}
		for word, want := range map[string]bool{planted: true, planted + "x": false, "": false} {
			if got := run(t, env, "hash.check_password", map[string]any{"password": word, "hash": " " + first + "\n"}); got["valid"] != want {
				t.Errorf("%q: %v", word, got)
			}
		}
	}
	p := map[string]any{"password": strings.Repeat("planted", 11), "algorithm": "bcrypt"}
	if _, err := nodetest.Run(t, env, "hash.password", p); err == nil || strings.Contains(err.Error(), "planted") || !strings.Contains(err.Error(), "72 bytes") {
		t.Errorf("a long password: %v", err)
	}
	if _, err := nodetest.Run(t, env, "hash.password", map[string]any{"password": ""}); err == nil {
		t.Error("an empty password was hashed")
	}
}

// Hashes that other programs made: the argon2 program, and PHP.
func TestForeignHashes(t *testing.T) {
	env := nodetest.Env(t)
	for hash, word := range map[string]string{
		"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc": "password",
		"$2y$10$.vGA1O9wmRjrwAVXD98HNOgsNpDczlqm3Jq7KnEd1rVAGv3Fykk1a":                           "rasmuslerdorf",
	} {
		if got := run(t, env, "hash.check_password", map[string]any{"password": word, "hash": hash}); got["valid"] != true {
			t.Errorf("%s: %v", hash, got)
		}
	}
}

func TestHostileHashes(t *testing.T) {
	env := nodetest.Env(t)
	for _, h := range []string{
		"", "planted", "$argon2id$", "$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=8,t=4294967295,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "$argon2id$v=19$m=8,t=1,p=0$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$", "$2a$31$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i", "$2", "$2a$xx$",
	} {
		_, err := nodetest.Run(t, env, "hash.check_password", map[string]any{"password": "x", "hash": h})
		if err == nil || node.AsFailure(err).Kind != node.KindInput || strings.Contains(err.Error(), "planted") {
			t.Errorf("%q: %v", h, err)
		}
	}
}

func TestCompare(t *testing.T) {
	env := nodetest.Env(t)
	rapid.Check(t, func(r *rapid.T) {
		a, b := rapid.SliceOf(rapid.Byte()).Draw(r, "a"), rapid.SliceOf(rapid.Byte()).Draw(r, "b")
		for _, as := range []string{"hex", "base64"} {
			out, err := nodetest.Run(t, env, "hash.compare", map[string]any{"first": encode(a, as), "second": encode(b, as)})
			if err != nil || out["equal"] != (string(a) == string(b)) {
				r.Fatalf("%s of %v and %v: %v, %v", as, a, b, out, err)
			}
		}
	})
}

func FuzzCheckPassword(f *testing.F) {
	h, err := bcrypt.GenerateFromPassword([]byte("x"), bcrypt.MinCost)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(h))
	f.Add("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Fuzz(func(t *testing.T, hash string) {
		if strings.HasPrefix(hash, "$2") && len(hash) > 6 && hash[4] != '0' {
			t.Skip("slow by design")
		}
		if out, err := check(t.Context(), nil, checkIn{Password: vault.New("other"), Hash: hash}); err == nil && out.Valid {
			t.Errorf("%q fits any password", hash)
		}
	})
}
