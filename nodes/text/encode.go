package text

import (
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // offered for checksums, with a warning
	"crypto/sha1" //nolint:gosec // likewise
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"hash/crc32"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/vault"
)

func init() {
	register("text.encode", "Encode text", "Writes the bytes of text (as UTF-8) in base64 or hexadecimal form.",
		func(in encodeIn) (string, error) { return encode([]byte(in.Text), in.As), nil },
		node.Example[encodeIn, textOut]{Title: "Base64", In: encodeIn{Text: "Ä?"}, Out: textOut{Text: "w4Q/"}},
		node.Example[encodeIn, textOut]{Title: "Hexadecimal", In: encodeIn{Text: "AZ", As: "hex"}, Out: textOut{Text: "415a"}},
	)
	register("text.decode", "Decode text", "Reads base64 or hexadecimal text back. The bytes must be UTF-8 text; others cannot be held as text. White space is skipped, missing padding is no error.",
		decode,
		node.Example[encodeIn, textOut]{Title: "Base64", In: encodeIn{Text: "w4Q_", As: "base64url"}, Out: textOut{Text: "Ä?"}},
	)
	register("text.hash", "Hash text", "Computes the digest of text (as UTF-8). md5, sha1 and crc32 are for checksums only: they do not protect from a forger.",
		func(in hashIn) (string, error) { return digest(newHash(in.Algorithm), in.Text, in.As), nil },
		node.Example[hashIn, textOut]{Title: "SHA-256", In: hashIn{Text: "abc"}, Out: textOut{Text: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}},
		node.Example[hashIn, textOut]{Title: "Checksum", In: hashIn{Text: "abc", Algorithm: "crc32"}, Out: textOut{Text: "352441c2"}},
	)
	register("text.hmac", "Sign text", "Computes the keyed digest (HMAC) of text, as services want it in the signature of a request.",
		func(in hmacIn) (string, error) {
			if in.Key.Empty() {
				return "", node.Fail(node.KindInput, "the key is empty", "name a secret that holds the key")
			}
			key := []byte(in.Key.Reveal())
			if in.KeyEncoding != "text" && in.KeyEncoding != "" {
				var err error
				if key, err = decodeBytes(in.Key.Reveal(), in.KeyEncoding); err != nil {
					return "", node.Fail(node.KindInput, "the key is not "+in.KeyEncoding, "check key_encoding")
				}
			}
			return digest(hmac.New(func() hash.Hash { return newHash(in.Algorithm) }, key), in.Text, in.As), nil
		},
		node.Example[hmacIn, textOut]{Title: "SHA-256", In: hmacIn{Text: "what do ya want for nothing?", Key: vault.New("Jefe")}, Out: textOut{Text: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"}},
	)
}

type encodeIn struct {
	Text string `json:"text" is:"required" doc:"Text to change." widget:"multiline"`
	As   string `json:"as" default:"base64" enum:"base64,base64url,hex" doc:"The form; base64url has no signs that mean something in addresses, and no padding."`
}

func encode(b []byte, as string) string {
	switch as {
	case "hex":
		return hex.EncodeToString(b)
	case "base64url":
		return base64.RawURLEncoding.EncodeToString(b)
	}
	return base64.StdEncoding.EncodeToString(b)
}

func decode(in encodeIn) (string, error) {
	b, err := decodeBytes(in.Text, in.As)
	if err != nil {
		return "", node.Fail(node.KindInput, fmt.Sprintf("the text is not %s: %v", in.As, err), "check the text and the form")
	}
	return utf8Only(string(b))
}

// decodeBytes reads either kind of base64, with or without padding.
func decodeBytes(s, as string) ([]byte, error) {
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
	if as == "hex" {
		return hex.DecodeString(strings.TrimPrefix(s, "0x"))
	}
	s = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(s, "="))
	return base64.RawStdEncoding.DecodeString(s)
}

func utf8Only(s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", node.Fail(node.KindInput, "the bytes are not UTF-8 text", "write them to a file instead, or convert their encoding with a file node")
	}
	return s, nil
}

type hashIn struct {
	Text      string `json:"text" is:"required" doc:"Text to hash." widget:"multiline"`
	Algorithm string `json:"algorithm" default:"sha256" enum:"sha256,sha512,sha384,sha1,md5,crc32" doc:"The algorithm."`
	As        string `json:"as" default:"hex" enum:"hex,base64,base64url" doc:"How the digest is written."`
}

type hmacIn struct {
	Text        string       `json:"text" is:"required" doc:"Text to sign." widget:"multiline"`
	Key         vault.Secret `json:"key" is:"required" doc:"Secret key."`
	KeyEncoding string       `json:"key_encoding" default:"text" enum:"text,base64,hex" is:"advanced" doc:"How the key is written."`
	Algorithm   string       `json:"algorithm" default:"sha256" enum:"sha256,sha512,sha384,sha1,md5" doc:"The algorithm."`
	As          string       `json:"as" default:"hex" enum:"hex,base64,base64url" doc:"How the signature is written."`
}

func newHash(algorithm string) hash.Hash {
	switch algorithm {
	case "md5":
		return md5.New() //nolint:gosec // see above
	case "sha1":
		return sha1.New() //nolint:gosec // see above
	case "sha384":
		return sha512.New384()
	case "sha512":
		return sha512.New()
	case "crc32":
		return crc32.NewIEEE()
	}
	return sha256.New()
}

func digest(h hash.Hash, s, as string) string {
	_, _ = h.Write([]byte(s))
	return encode(h.Sum(nil), as)
}
