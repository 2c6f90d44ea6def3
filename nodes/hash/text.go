package hash

import (
	"context"
	"crypto/hmac"
	"encoding/hex"
	"hash"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/vault"
)

func init() {
	node.Register(node.Spec[textIn, sumOut]{
		Type: "hash.text", Title: "Hash text", Effect: node.Pure, Aliases: []string{"text.hash"},
		Doc: "Computes the digest of text (as UTF-8), and compares it with one that is expected. md5, sha1 and crc32 are for check sums only: they do not protect from a forger. For passwords use hash.password.",
		Examples: []node.Example[textIn, sumOut]{
			{Title: "SHA-256", In: textIn{Text: "abc"}, Out: sumOut{Text: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", Matches: true}},
			{Title: "Check sum", In: textIn{Text: "abc", Algorithm: "crc32", Expected: "352441c3"}, Out: sumOut{Text: "352441c2"}},
		},
		Run: func(_ context.Context, _ *node.Env, in textIn) (sumOut, error) {
			return digest(newHash(in.Algorithm), in.Text, in.As, in.Expected), nil
		},
	})
	node.Register(node.Spec[hmacIn, sumOut]{
		Type: "hash.hmac", Title: "Sign text with HMAC", Effect: node.Pure, Aliases: []string{"text.hmac"},
		Doc: "Computes the keyed digest (HMAC) of text, as services want it in the signature of a request, and compares it with one that was received. The comparison takes the same time wherever they differ.",
		Examples: []node.Example[hmacIn, sumOut]{
			{Title: "SHA-256", In: hmacIn{Text: "what do ya want for nothing?", Key: vault.New("Jefe")}, Out: sumOut{Text: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", Matches: true}},
			{Title: "Check the signature of a webhook", In: hmacIn{Text: "what do ya want for nothing?", Key: vault.New("Jefe"), Expected: "sha256=5BDCC146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"}, Out: sumOut{Text: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", Matches: true}},
		},
		Run: keyed,
	})
	node.Register(node.Spec[compareIn, compareOut]{
		Type: "hash.compare", Title: "Compare digests", Effect: node.Pure,
		Doc: "Tells whether two digests are equal, in a time that does not tell where they differ. Two in hexadecimal are compared as bytes, so that upper and lower case are the same; others must be equal letter by letter. White space around them does not count.",
		Examples: []node.Example[compareIn, compareOut]{
			{Title: "Hexadecimal", In: compareIn{First: "5D41402A", Second: " 5d41402a\n"}, Out: compareOut{Equal: true}},
			{Title: "Base64", In: compareIn{First: "XUFAKg==", Second: "xUFAKg=="}, Out: compareOut{}},
		},
		Run: func(_ context.Context, _ *node.Env, in compareIn) (compareOut, error) {
			a, b := strings.TrimSpace(in.First), strings.TrimSpace(in.Second)
			x, errX := hex.DecodeString(a)
			y, errY := hex.DecodeString(b)
			if errX != nil || errY != nil {
				x, y = []byte(a), []byte(b)
			}
			return compareOut{Equal: hmac.Equal(x, y)}, nil
		},
	})
}

type textIn struct {
	Text      string `json:"text" is:"required" doc:"Text to hash." widget:"multiline"`
	Algorithm string `json:"algorithm" default:"sha256" enum:"sha256,sha224,sha512,sha384,sha3-256,sha3-512,blake2b-256,blake2b-512,sha1,md5,crc32" doc:"The algorithm."`
	As        string `json:"as" default:"hex" enum:"hex,base64,base64url" doc:"How the digest is written."`
	Expected  string `json:"expected" doc:"Digest to compare with, in the same form; in hex, upper and lower case are the same."`
}

type sumOut struct {
	Text    string `json:"text" doc:"The digest."`
	Matches bool   `json:"matches" doc:"Whether it is the expected one; true when none was given."`
}

type hmacIn struct {
	Text        string       `json:"text" is:"required" doc:"Text to sign." widget:"multiline"`
	Key         vault.Secret `json:"key" is:"required" doc:"Secret key."`
	KeyEncoding string       `json:"key_encoding" default:"text" enum:"text,base64,hex" is:"advanced" doc:"How the key is written."`
	Algorithm   string       `json:"algorithm" default:"sha256" enum:"sha256,sha512,sha384,sha3-256,sha3-512,sha1,md5" doc:"The algorithm."`
	As          string       `json:"as" default:"hex" enum:"hex,base64,base64url" doc:"How the signature is written."`
	Expected    string       `json:"expected" doc:"Signature to compare with, in the same form; a leading sha256= is taken off."`
}

type compareIn struct {
	First  string `json:"first" is:"required" doc:"One digest."`
	Second string `json:"second" is:"required" doc:"The other."`
}

type compareOut struct {
	Equal bool `json:"equal" doc:"Whether they are equal."`
}

func keyed(_ context.Context, _ *node.Env, in hmacIn) (sumOut, error) {
	if in.Key.Empty() {
		return sumOut{}, input("name a secret that holds the key", "the key is empty")
	}
	key := []byte(in.Key.Reveal())
	if in.KeyEncoding != "text" && in.KeyEncoding != "" {
		var err error
		if key, err = decode(in.Key.Reveal(), in.KeyEncoding); err != nil { // the error shows a part of the key
			return sumOut{}, input("check key_encoding", "the key is not %s", in.KeyEncoding)
		}
	}
	return digest(hmac.New(func() hash.Hash { return newHash(in.Algorithm) }, key), in.Text, in.As, in.Expected), nil
}

func digest(h hash.Hash, text, as, expected string) sumOut {
	_, _ = h.Write([]byte(text))
	sum := h.Sum(nil)
	return sumOut{Text: encode(sum, as), Matches: matches(sum, expected, as)}
}
