package crypto

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/vault"
)

const (
	saltSize = 16
	// maxRounds bounds how long a wrong param can keep the node busy.
	maxRounds = 10_000_000
	// sampleAES was made by another program, with the key of the example.
	sampleAES = "AAECAwQFBgcICQoL+wnLogmJKlKQ5qHMXER2cdL9s5nw"
)

func init() {
	node.Register(node.Spec[aesSealIn, textOut]{
		Type: "crypto.aes_encrypt", Title: "Encrypt text with AES", Effect: node.Read,
		Doc: "Encrypts a text with AES-GCM, for services that ask for it; where you may choose, take crypto.encrypt_text. The result in base64 is a nonce of 12 random bytes, the encrypted text and a tag of 16 bytes. With a passphrase, 16 bytes of salt come first, and the key of 32 bytes is made by PBKDF2 with HMAC-SHA-256. Encrypt no more than some billions of texts with one key.",
		Examples: []node.Example[aesSealIn, textOut]{{
			Title: "With a key", In: aesSealIn{Text: "hello", aesKey: aesKey{Key: vault.New("000102030405060708090a0b0c0d0e0f")}},
			Check: func(o textOut) error {
				if b, err := base64.StdEncoding.DecodeString(o.Text); err != nil || len(b) != 12+5+16 {
					return fmt.Errorf("got %q", o.Text)
				}
				return nil
			},
		}},
		Run: aesSeal,
	})
	node.Register(node.Spec[aesOpenIn, textOut]{
		Type: "crypto.aes_decrypt", Title: "Decrypt text with AES", Effect: node.Read,
		Doc: "Decrypts a text that was encrypted with AES-GCM in the form that crypto.aes_encrypt describes. A text that was changed, or another key, fails. The result is not a secret any more: later nodes may record or show it.",
		Examples: []node.Example[aesOpenIn, textOut]{{
			Title: "With a key", In: aesOpenIn{Text: sampleAES, aesKey: aesKey{Key: vault.New("000102030405060708090a0b0c0d0e0f")}},
			Out: textOut{Text: "hello"},
		}},
		Run: aesOpen,
	})
}

// aesKey is what the key is made of, as params have it.
type aesKey struct {
	Key        vault.Secret `json:"key" doc:"Key of 16, 24 or 32 bytes in hex or base64, as a secret."`
	Passphrase vault.Secret `json:"passphrase" doc:"Passphrase instead of a key, as a secret."`
	Iterations int          `json:"iterations" default:"600000" min:"1000" max:"10000000" is:"advanced" doc:"Rounds of PBKDF2 for a passphrase. Both sides must use the same number."`
	Associated string       `json:"associated" is:"advanced" doc:"Text that is not encrypted but must be the same on both sides (associated data)."`
}

type aesSealIn struct {
	Text string `json:"text" is:"raw" widget:"multiline" doc:"Text to encrypt."`
	aesKey
}

type aesOpenIn struct {
	Text string `json:"text" is:"required" widget:"multiline" doc:"Encrypted text in base64."`
	aesKey
}

// cipherOf returns the cipher for a salt, which a key does not need.
func (k aesKey) cipherOf(salt []byte) (cipher.AEAD, error) {
	var key []byte
	if k.Passphrase.Empty() {
		text := strings.TrimSpace(k.Key.Reveal())
		for _, decode := range []func(string) ([]byte, error){hex.DecodeString, base64.StdEncoding.DecodeString, base64.RawURLEncoding.DecodeString} {
			if b, err := decode(text); err == nil && (len(b) == 16 || len(b) == 24 || len(b) == 32) {
				key = b
				break
			}
		}
		if key == nil {
			return nil, input("check the secret", "the key is not 16, 24 or 32 bytes in hex or base64")
		}
	} else {
		var err error
		if key, err = pbkdf2.Key(sha256.New, k.Passphrase.Reveal(), salt, min(max(1000, k.Iterations), maxRounds), 32); err != nil {
			return nil, input("check the secret", "the passphrase cannot be used")
		}
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, input("check the secret", "the key cannot be used")
	}
	return cipher.NewGCM(block)
}

func (k aesKey) check() error {
	if k.Key.Empty() == k.Passphrase.Empty() {
		return input("give the key, or the passphrase", "exactly one of key and passphrase is needed")
	}
	return nil
}

func aesSeal(_ context.Context, env *node.Env, in aesSealIn) (textOut, error) {
	if err := in.check(); err != nil {
		return textOut{}, err
	}
	head := make([]byte, saltSize+12)
	if _, err := io.ReadFull(env.Rand, head); err != nil {
		return textOut{}, tell(err, "encrypting")
	}
	salt, nonce := head[:saltSize], head[saltSize:]
	c, err := in.cipherOf(salt)
	if err != nil {
		return textOut{}, err
	}
	if in.Passphrase.Empty() {
		head = nonce
	}
	out := c.Seal(append([]byte(nil), head...), nonce, []byte(in.Text), []byte(in.Associated))
	return textOut{Text: base64.StdEncoding.EncodeToString(out)}, nil
}

func aesOpen(_ context.Context, _ *node.Env, in aesOpenIn) (textOut, error) {
	if err := in.check(); err != nil {
		return textOut{}, err
	}
	b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(in.Text))
	if err != nil {
		return textOut{}, input("give what crypto.aes_encrypt returned", "the text is no base64")
	}
	var salt []byte
	if !in.Passphrase.Empty() {
		n := min(saltSize, len(b))
		salt, b = b[:n], b[n:]
	}
	if len(b) < 12+16 {
		return textOut{}, input("check that it is complete", "the text is too short to be encrypted with AES-GCM")
	}
	c, err := in.cipherOf(salt)
	if err != nil {
		return textOut{}, err
	}
	plain, err := c.Open(nil, b[:12], b[12:], []byte(in.Associated))
	if err != nil {
		return textOut{}, node.Fail(node.KindDenied, "the key, the passphrase or the associated text does not fit, or the text was changed", "check the secret, and iterations")
	}
	if !utf8.Valid(plain) {
		return textOut{}, input("check the key with the other side", "the content is not text in UTF-8")
	}
	return textOut{Text: string(plain)}, nil
}
