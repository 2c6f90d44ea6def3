package crypto

import (
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/vault"
)

func TestJWT(t *testing.T) {
	env := nodetest.Env(t)
	common := vault.New(strings.Repeat("k", 64))
	claims := map[string]any{"sub": "ü", "n": 1 << 52, "iss": "me", "aud": "you"}
	rsaSecret, rsaPublic, err := signingKey("rsa")
	if err != nil {
		t.Fatal(err)
	}
	ecSecret, ecPublic, err := signingKey("ecdsa")
	if err != nil {
		t.Fatal(err)
	}
	edSecret, edPublic, err := signingKey("ed25519")
	if err != nil {
		t.Fatal(err)
	}
	for algorithm, k := range map[string][2]string{
		"HS256": {common.Reveal(), rsaPublic}, "HS384": {common.Reveal(), rsaPublic}, "HS512": {common.Reveal(), rsaPublic},
		"RS256": {rsaSecret, rsaPublic}, "RS384": {rsaSecret, rsaPublic}, "RS512": {rsaSecret, rsaPublic}, "PS256": {rsaSecret, rsaPublic},
		"ES256": {ecSecret, ecPublic}, "EdDSA": {edSecret, edPublic},
	} {
		made, err := makeJWT(t.Context(), env, makeJWTIn{Claims: claims, Algorithm: algorithm, Secret: vault.New(k[0]), ExpiresIn: time.Hour})
		if err != nil {
			t.Fatal(algorithm, err)
		}
		read := readJWTIn{Token: "Bearer " + made.Token, Algorithm: algorithm, Secret: common, PublicKey: k[1], Issuer: "me", Audience: "you", NeedExpiry: true}
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
				in.Algorithm, in.PublicKey = "RS256", rsaPublic
				if algorithm == "RS256" {
					in.Algorithm = "HS256"
				}
			}, "signature"},
			// The public key as shared secret is the classic forgery.
			{"confused", func(in *readJWTIn) { in.Algorithm, in.Secret = "HS256", vault.New(k[1]) }, "signature"},
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
		if _, err := readJWT(t.Context(), env, readJWTIn{Token: token, Algorithm: "HS256", Secret: common}); err == nil {
			t.Errorf("%q: no error", token)
		}
	}
	for _, c := range []struct{ algorithm, secret string }{{"HS256", "short"}, {"HS512", strings.Repeat("x", 63)}, {"RS256", edSecret}, {"ES256", rsaSecret}, {"ES384", ecSecret}} {
		if _, err := makeJWT(t.Context(), env, makeJWTIn{Claims: claims, Algorithm: c.algorithm, Secret: vault.New(c.secret)}); err == nil || node.AsFailure(err).Kind != node.KindInput || strings.Contains(err.Error(), c.secret) {
			t.Errorf("%s: %v", c.algorithm, err)
		}
	}
}

func TestJWTTimes(t *testing.T) {
	env := nodetest.Env(t)
	secret := vault.New(strings.Repeat("k", 32))
	made, err := makeJWT(t.Context(), env, makeJWTIn{Claims: map[string]any{"exp": 4102444800}, Algorithm: "HS256", Secret: secret, ExpiresIn: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	out, err := readJWT(t.Context(), env, readJWTIn{Token: made.Token, Algorithm: "HS256", Secret: secret})
	if err != nil || out.Claims["exp"] != 4102444800 || out.Claims["iat"] == nil {
		t.Errorf("got %+v, %v", out, err)
	}
	if made, err = makeJWT(t.Context(), env, makeJWTIn{Claims: map[string]any{}, Algorithm: "HS256", Secret: secret}); err != nil {
		t.Fatal(err)
	}
	for need, valid := range map[bool]bool{false: true, true: false} {
		if out, err := readJWT(t.Context(), env, readJWTIn{Token: made.Token, Algorithm: "HS256", Secret: secret, NeedExpiry: need}); err != nil || out.Valid != valid {
			t.Errorf("need %v: %+v, %v", need, out, err)
		}
	}
}

func TestAES(t *testing.T) {
	env := nodetest.Env(t)
	// Made by Python's cryptography.
	if got := run(t, env, "crypto.aes_decrypt", map[string]any{"text": "AAECAwQFBgcICQoLDA0ODwABAgMEBQYHCAkKC3wUs++Wlw23dsNWub+Xzdd6jO8qnb53", "passphrase": "pass", "iterations": 1000, "associated": "id 7"}); got["text"] != "Grüße" {
		t.Errorf("got %v", got)
	}
	for _, p := range []map[string]any{{"passphrase": "planted", "iterations": 1000}, {"key": strings.Repeat("ab", 32)}, {"key": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}} {
		p["text"] = "Grüße"
		first, second := run(t, env, "crypto.aes_encrypt", p)["text"], run(t, env, "crypto.aes_encrypt", p)["text"]
		if first == second {
			t.Error("the nonce is not random")
		}
		p["text"] = first
		if got := run(t, env, "crypto.aes_decrypt", p); got["text"] != "Grüße" {
			t.Errorf("got %v", got)
		}
		p["associated"] = "x"
		if _, err := nodetest.Run(t, env, "crypto.aes_decrypt", p); err == nil || node.AsFailure(err).Kind != node.KindDenied || strings.Contains(err.Error(), "planted") {
			t.Errorf("got %v", err)
		}
	}
	for _, p := range []map[string]any{{"text": "x"}, {"text": "x", "key": "AAAA"}, {"text": "!", "key": strings.Repeat("ab", 32)}, {"text": "AAAA", "key": strings.Repeat("ab", 32)}, {"text": "AAAA", "passphrase": "x"}} {
		if _, err := nodetest.Run(t, env, "crypto.aes_decrypt", p); err == nil || node.AsFailure(err).Kind != node.KindInput {
			t.Errorf("%v: %v", p, err)
		}
	}
}
