// Package hash holds the nodes that compute and compare check sums, keyed
// digests and hashes of passwords.
package hash

import (
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // people compare with sums that others publish
	"crypto/sha1" //nolint:gosec // the same
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"hash/crc32"
	"strings"
	"unicode"

	"golang.org/x/crypto/blake2b"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.RegisterFamily(node.Family{Name: "hash", Title: "Hashes", Doc: "Compute and compare check sums of texts and files, keyed digests (HMAC) and hashes of passwords."})
}

// algorithms by name. The params of each node list those that it takes.
var algorithms = map[string]func() hash.Hash{
	"md5":         md5.New,
	"sha1":        sha1.New,
	"sha224":      sha256.New224,
	"sha256":      sha256.New,
	"sha384":      sha512.New384,
	"sha512":      sha512.New,
	"sha3-256":    func() hash.Hash { return sha3.New256() },
	"sha3-512":    func() hash.Hash { return sha3.New512() },
	"blake2b-256": blake2(blake2b.New256),
	"blake2b-512": blake2(blake2b.New512),
	"crc32":       func() hash.Hash { return crc32.NewIEEE() },
}

// blake2 makes a hash without a key, which cannot fail.
func blake2(keyed func([]byte) (hash.Hash, error)) func() hash.Hash {
	return func() hash.Hash {
		h, _ := keyed(nil)
		return h
	}
}

// newHash returns a hash by its name, SHA-256 for none.
func newHash(name string) hash.Hash {
	if fresh := algorithms[name]; fresh != nil {
		return fresh()
	}
	return sha256.New()
}

// input returns a failure about a param.
func input(hint, format string, args ...any) error {
	return node.Fail(node.KindInput, fmt.Sprintf(format, args...), hint)
}

// encode writes bytes as hex, base64 or base64url.
func encode(b []byte, as string) string {
	switch as {
	case "base64":
		return base64.StdEncoding.EncodeToString(b)
	case "base64url":
		return base64.RawURLEncoding.EncodeToString(b)
	}
	return hex.EncodeToString(b)
}

// decode reads hex, or either kind of base64, with or without padding.
func decode(s, as string) ([]byte, error) {
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

// matches compares a digest with the one expected, without telling by its time
// where they differ. An expected one that is not in its form matches nothing;
// none at all is always matched.
func matches(sum []byte, expected, as string) bool {
	expected = strings.TrimSpace(expected)
	if expected == "" {
		return true
	}
	want, err := decode(strings.TrimPrefix(expected, "sha256="), as)
	return err == nil && hmac.Equal(sum, want)
}
