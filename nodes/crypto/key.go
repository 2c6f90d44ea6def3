package crypto

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"

	"filippo.io/age"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[makeKeyIn, makeKeyOut]{
		Type: "crypto.make_key", Title: "Make key", Effect: node.Once,
		Doc: "Makes a new pair of keys. The secret key goes to a file that only its owner may read, and nowhere else; the public key is the output. Other nodes take that file as identity_file or key_file. A file that is there already is never replaced: it could be the only copy of a key.",
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
}

type makeKeyIn struct {
	To   string `json:"to" is:"required" widget:"file" doc:"File for the secret key; there must be none yet, and its folder must exist."`
	Kind string `json:"kind" default:"age" enum:"age,ed25519,ecdsa,rsa" doc:"What for: age encrypts; the others sign. Ecdsa is P-256, rsa has 3072 bits."`
}

type makeKeyOut struct {
	Path   string `json:"path" doc:"Absolute path of the file with the secret key."`
	Public string `json:"public" doc:"Public key: the recipient of age (age1...), or PEM."`
}

func makeKey(_ context.Context, env *node.Env, in makeKeyIn) (out makeKeyOut, err error) {
	var content string
	if in.Kind == "age" {
		id, err := age.GenerateX25519Identity()
		if err != nil {
			return out, tell(err, "making a key")
		}
		out.Public = id.Recipient().String()
		content = "# public key: " + out.Public + "\n" + id.String() + "\n"
	} else if content, out.Public, err = signingKey(in.Kind); err != nil {
		return makeKeyOut{}, tell(err, "making a key")
	}
	if err := writeNew(env, in.To, content); err != nil {
		return makeKeyOut{}, err
	}
	out.Path, err = env.Files.Abs(in.To)
	return out, err
}

// signingKey makes a pair of keys in PEM.
func signingKey(kind string) (secret, public string, err error) {
	var key crypto.Signer
	switch kind {
	case "rsa":
		key, err = rsa.GenerateKey(rand.Reader, 3072)
	case "ecdsa":
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		_, key, err = ed25519.GenerateKey(rand.Reader)
	}
	if err != nil {
		return "", "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", "", err
	}
	public, err = publicPEM(key.Public())
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), public, err
}

func publicPEM(key crypto.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), err
}
