package crypto

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"filippo.io/age"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/vault"
)

func init() {
	node.Register(node.Spec[makeKeyIn, makeKeyOut]{
		Type: "crypto.make_key", Title: "Make key", Effect: node.Once,
		Doc: "Makes a new pair of keys. The secret key goes to a file that only its owner may read, and nowhere else; the public key is the output. A file that is there already is never replaced: it could be the only copy of a key.",
		Examples: []node.Example[makeKeyIn, makeKeyOut]{{
			Title: "A key for age", In: makeKeyIn{To: "me.key", Kind: "age"},
			Check: func(o makeKeyOut) error {
				if _, err := age.ParseX25519Recipient(o.Public); err != nil {
					return fmt.Errorf("got %+v: %w", o, err)
				}
				return nil
			},
		}, {
			Title: "A key for signatures", In: makeKeyIn{To: "sign.pem", Kind: "ed25519"},
			Check: func(o makeKeyOut) error {
				_, err := publicKey(o.Public)
				return err
			},
		}},
		Run: makeKey,
	})
	node.Register(node.Spec[signIn, signOut]{
		Type: "crypto.sign", Title: "Sign text", Effect: node.Pure,
		Doc: "Signs a text with an Ed25519 key. To sign a file, sign its sum (hash.file).",
		Examples: []node.Example[signIn, signOut]{{
			Title: "The empty text of RFC 8032", In: signIn{Key: vault.New("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")},
			Out: signOut{Signature: "5VZDAMNgrHKQhuLMgG6CioSHfx645dl02HPgZSJJAVVfuIIVkKM7rMYeOXAc+bRr0lv18FlbviRlUUFDjnoQCw==", Public: "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="},
		}},
		Run: func(_ context.Context, _ *node.Env, in signIn) (signOut, error) {
			key, err := secretKey(in.Key)
			if err != nil {
				return signOut{}, err
			}
			b64 := base64.StdEncoding
			return signOut{Signature: b64.EncodeToString(ed25519.Sign(key, []byte(in.Text))), Public: b64.EncodeToString(key.Public().(ed25519.PublicKey))}, nil
		},
	})
	node.Register(node.Spec[verifyIn, verifyOut]{
		Type: "crypto.verify", Title: "Verify signature", Effect: node.Pure,
		Doc: "Tells whether a signature of a text was made with the secret key that belongs to a public key. A wrong signature is an answer, not a failure.",
		Examples: []node.Example[verifyIn, verifyOut]{{
			Title: "The empty text of RFC 8032", In: verifyIn{Public: "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", Signature: "5VZDAMNgrHKQhuLMgG6CioSHfx645dl02HPgZSJJAVVfuIIVkKM7rMYeOXAc+bRr0lv18FlbviRlUUFDjnoQCw=="},
			Out: verifyOut{Valid: true},
		}, {
			Title: "Another text", In: verifyIn{Text: "x", Public: "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", Signature: "5VZDAMNgrHKQhuLMgG6CioSHfx645dl02HPgZSJJAVVfuIIVkKM7rMYeOXAc+bRr0lv18FlbviRlUUFDjnoQCw=="},
			Out: verifyOut{Valid: false},
		}},
		Run: func(_ context.Context, _ *node.Env, in verifyIn) (verifyOut, error) {
			key, err := publicKey(in.Public)
			if err != nil {
				return verifyOut{}, err
			}
			sig, err := base64.StdEncoding.DecodeString(strings.TrimSpace(in.Signature))
			return verifyOut{Valid: err == nil && ed25519.Verify(key, []byte(in.Text), sig)}, nil
		},
	})
}

type makeKeyIn struct {
	To   string `json:"to" is:"required" widget:"file" doc:"File for the secret key; there must be none yet, and its folder must exist."`
	Kind string `json:"kind" default:"age" enum:"age,ed25519" doc:"What for: age encrypts, ed25519 signs."`
}

type makeKeyOut struct {
	Path   string `json:"path" doc:"Absolute path of the file with the secret key."`
	Public string `json:"public" doc:"Public key: the recipient (age1...), or the Ed25519 key in base64."`
}

type signIn struct {
	Text string       `json:"text" is:"raw" doc:"Text to sign, as UTF-8."`
	Key  vault.Secret `json:"key" is:"required" doc:"Secret key as a secret: PEM (PKCS #8) as crypto.make_key and openssl write it, or the 32 bytes in base64."`
}

type signOut struct {
	Signature string `json:"signature" doc:"The signature in base64."`
	Public    string `json:"public" doc:"Public key to verify it with, in base64."`
}

type verifyIn struct {
	Text      string `json:"text" is:"raw" doc:"Text that was signed."`
	Signature string `json:"signature" is:"required" doc:"The signature in base64."`
	Public    string `json:"public" is:"required" doc:"Public key, in base64 or PEM."`
}

type verifyOut struct {
	Valid bool `json:"valid" doc:"Whether the signature is genuine."`
}

func makeKey(_ context.Context, env *node.Env, in makeKeyIn) (out makeKeyOut, err error) {
	var content string
	if in.Kind == "ed25519" {
		public, secret, err := ed25519.GenerateKey(nil)
		if err != nil {
			return out, tell(err, "making a key")
		}
		der, err := x509.MarshalPKCS8PrivateKey(secret)
		if err != nil {
			return out, tell(err, "making a key")
		}
		content, out.Public = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), base64.StdEncoding.EncodeToString(public)
	} else {
		id, err := age.GenerateX25519Identity()
		if err != nil {
			return out, tell(err, "making a key")
		}
		out.Public = id.Recipient().String()
		content = "# public key: " + out.Public + "\n" + id.String() + "\n"
	}
	f, err := env.Files.OpenFile(in.To, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return makeKeyOut{}, input("choose another name, or move the old key away", "%s exists already", in.To)
	}
	if err != nil {
		return makeKeyOut{}, tell(err, "writing "+in.To)
	}
	_, err = f.WriteString(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		_ = env.Files.Remove(in.To) // half a key is of no use
		return makeKeyOut{}, tell(err, "writing "+in.To)
	}
	out.Path, err = env.Files.Abs(in.To)
	return out, err
}

func secretKey(s vault.Secret) (ed25519.PrivateKey, error) {
	text := strings.TrimSpace(s.Reveal())
	if block, _ := pem.Decode([]byte(text)); block != nil {
		if k, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
			if key, ok := k.(ed25519.PrivateKey); ok {
				return key, nil
			}
		}
	} else if seed, err := base64.StdEncoding.DecodeString(text); err == nil && len(seed) == ed25519.SeedSize {
		return ed25519.NewKeyFromSeed(seed), nil
	}
	return nil, input("check the secret; crypto.make_key makes such a key", "the key is no Ed25519 secret key")
}

func publicKey(text string) (ed25519.PublicKey, error) {
	text = strings.TrimSpace(text)
	if block, _ := pem.Decode([]byte(text)); block != nil {
		if k, err := x509.ParsePKIXPublicKey(block.Bytes); err == nil {
			if key, ok := k.(ed25519.PublicKey); ok {
				return key, nil
			}
		}
	} else if raw, err := base64.StdEncoding.DecodeString(text); err == nil && len(raw) == ed25519.PublicKeySize {
		return raw, nil
	}
	return nil, input("give the public key that crypto.make_key or crypto.sign returned", "the key is no Ed25519 public key")
}
