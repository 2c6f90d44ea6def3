package crypto

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/vault"
)

// maxSigned bounds a file that is signed whole, as Ed25519 does.
const maxSigned = 256 << 20

func init() {
	const text, public, signature = "", "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", "5VZDAMNgrHKQhuLMgG6CioSHfx645dl02HPgZSJJAVVfuIIVkKM7rMYeOXAc+bRr0lv18FlbviRlUUFDjnoQCw=="
	node.Register(node.Spec[signIn, signOut]{
		Type: "crypto.sign", Title: "Sign", Effect: node.Read,
		Doc: "Signs a text or a file with an Ed25519, ECDSA or RSA key, as openssl does. With Ed25519 and rsa-sha256 the same input gives the same signature; with the others each run gives another one. For a signature with a shared secret use hash.hmac.",
		Examples: []node.Example[signIn, signOut]{{
			Title: "The empty text of RFC 8032", In: signIn{content: content{Text: text}, Key: vault.New("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")},
			Out: signOut{Signature: signature, Public: "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n", Scheme: "ed25519"},
		}},
		Run: sign,
	})
	node.Register(node.Spec[verifyIn, verifyOut]{
		Type: "crypto.verify", Title: "Verify signature", Effect: node.Read,
		Doc: "Tells whether a signature of a text or a file was made with the secret key that belongs to a public key. A wrong signature is an answer, not a failure.",
		Examples: []node.Example[verifyIn, verifyOut]{{
			Title: "The empty text of RFC 8032", In: verifyIn{Public: public, Signature: signature},
			Out: verifyOut{Valid: true},
		}, {
			Title: "Another text", In: verifyIn{content: content{Text: "x"}, Public: public, Signature: signature},
			Out: verifyOut{Valid: false},
		}},
		Run: verify,
	})
}

// content is what is signed, as params have it.
type content struct {
	Text string `json:"text" is:"raw" doc:"Text that is signed, as UTF-8."`
	Path string `json:"path" widget:"file" doc:"File that is signed instead of text."`
}

type signIn struct {
	content
	Key     vault.Secret `json:"key" doc:"Secret key as a secret: PEM as crypto.make_key and openssl write it, or the 32 bytes of an Ed25519 key in base64."`
	KeyFile string       `json:"key_file" widget:"file" doc:"File with the secret key instead."`
	Scheme  string       `json:"scheme" default:"auto" enum:"auto,ed25519,ecdsa-sha256,rsa-sha256,rsa-pss-sha256" doc:"How to sign; auto takes what fits the key, and rsa-sha256 for RSA."`
}

type signOut struct {
	Signature string `json:"signature" doc:"The signature in base64; of ECDSA in the form ASN.1."`
	Public    string `json:"public" doc:"Public key to verify it with, in PEM."`
	Scheme    string `json:"scheme" doc:"How it was signed."`
}

type verifyIn struct {
	content
	Signature string `json:"signature" is:"required" doc:"The signature in base64."`
	Public    string `json:"public" is:"required" widget:"multiline" doc:"Public key or certificate in PEM, or the 32 bytes of an Ed25519 key in base64."`
	Scheme    string `json:"scheme" default:"auto" enum:"auto,ed25519,ecdsa-sha256,rsa-sha256,rsa-pss-sha256" doc:"How it was signed; auto takes what fits the key, and rsa-sha256 for RSA."`
}

type verifyOut struct {
	Valid bool `json:"valid" doc:"Whether the signature is genuine."`
}

// schemeFor returns the scheme for a public key, or a failure if the one asked
// for does not fit.
func schemeFor(key crypto.PublicKey, asked string) (string, error) {
	var fits []string
	switch key.(type) {
	case ed25519.PublicKey:
		fits = []string{"ed25519"}
	case *ecdsa.PublicKey:
		fits = []string{"ecdsa-sha256"}
	case *rsa.PublicKey:
		fits = []string{"rsa-sha256", "rsa-pss-sha256"}
	default:
		return "", input("take an Ed25519, ECDSA or RSA key", "keys of this kind cannot sign here")
	}
	for _, f := range fits {
		if asked == f || asked == "auto" || asked == "" {
			return f, nil
		}
	}
	return "", input("set scheme to auto", "the scheme %s does not fit the key, which is for %s", asked, strings.Join(fits, " and "))
}

// message returns what a scheme works on: all of the content for Ed25519, its
// SHA-256 for the others.
func (c content) message(ctx context.Context, env *node.Env, scheme string) ([]byte, error) {
	whole := scheme == "ed25519"
	if c.Path == "" {
		if whole {
			return []byte(c.Text), nil
		}
		sum := sha256.Sum256([]byte(c.Text))
		return sum[:], nil
	}
	if c.Text != "" {
		return nil, input("give one of them", "both text and path are given")
	}
	f, err := env.Files.Open(c.Path)
	if err != nil {
		return nil, tell(err, "opening "+c.Path)
	}
	defer f.Close()
	if !whole {
		h := sha256.New()
		_, err := io.Copy(h, reader{ctx, f})
		return h.Sum(nil), tell(err, "reading "+c.Path)
	}
	b, err := io.ReadAll(io.LimitReader(reader{ctx, f}, maxSigned+1))
	if err != nil {
		return nil, tell(err, "reading "+c.Path)
	}
	if len(b) > maxSigned {
		return nil, input("sign its sum (hash.file), or take an ECDSA or RSA key", "%s has more than the %d bytes that can be signed with Ed25519", c.Path, maxSigned)
	}
	return b, nil
}

func sign(ctx context.Context, env *node.Env, in signIn) (out signOut, err error) {
	secret, err := secretOrFile(env, in.Key, in.KeyFile, "key")
	if err != nil {
		return out, err
	}
	key, err := secretKey(secret)
	if err != nil {
		return out, err
	}
	if out.Scheme, err = schemeFor(key.Public(), in.Scheme); err != nil {
		return signOut{}, err
	}
	msg, err := in.message(ctx, env, out.Scheme)
	if err != nil {
		return signOut{}, err
	}
	var opts crypto.SignerOpts = crypto.SHA256
	switch out.Scheme {
	case "ed25519":
		opts = crypto.Hash(0)
	case "rsa-pss-sha256":
		opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}
	}
	sig, err := key.Sign(rand.Reader, msg, opts)
	if err != nil {
		return signOut{}, input("check the key", "it cannot be signed with %s", out.Scheme)
	}
	out.Signature = base64.StdEncoding.EncodeToString(sig)
	out.Public, err = publicPEM(key.Public())
	return out, err
}

func verify(ctx context.Context, env *node.Env, in verifyIn) (verifyOut, error) {
	key, err := publicKey(in.Public)
	if err != nil {
		return verifyOut{}, err
	}
	scheme, err := schemeFor(key, in.Scheme)
	if err != nil {
		return verifyOut{}, err
	}
	msg, err := in.message(ctx, env, scheme)
	if err != nil {
		return verifyOut{}, err
	}
	sig, err := base64.StdEncoding.DecodeString(strings.TrimSpace(in.Signature))
	if err != nil {
		return verifyOut{}, nil // what is no base64 is no signature either
	}
	out := verifyOut{}
	switch k := key.(type) {
	case ed25519.PublicKey:
		out.Valid = ed25519.Verify(k, msg, sig)
	case *ecdsa.PublicKey:
		out.Valid = ecdsa.VerifyASN1(k, msg, sig)
	case *rsa.PublicKey:
		if scheme == "rsa-sha256" {
			out.Valid = rsa.VerifyPKCS1v15(k, crypto.SHA256, msg, sig) == nil
		} else {
			out.Valid = rsa.VerifyPSS(k, crypto.SHA256, msg, sig, nil) == nil
		}
	}
	return out, nil
}
