package secret

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"

	"github.com/aether-rpa/aether/vault"
)

// errOtherKey says that no key here opens a value.
var errOtherKey = errors.New("it is encrypted with another key")

// canary is what every key has encrypted: it opens if the key is the right one.
const canary = "aether secret store"

// canaryName is no name that a secret can have.
const canaryName = "/canary"

// key is one key of the store.
type key struct {
	id *age.X25519Identity
	// print tells the key from others. It is no public key, with which whoever
	// can write to the database could make values of his own.
	print string
}

func newKey(id *age.X25519Identity) key {
	sum := sha256.Sum256([]byte(id.Recipient().String()))
	return key{id, hex.EncodeToString(sum[:8])}
}

// ring is all keys that this process has.
type ring struct {
	keys   []key
	also   []age.Recipient // public keys that may open everything as well
	source string          // where the keys are from, for people
	own    bool            // they are in the store's own file
}

// find returns the key with a fingerprint.
func (r *ring) find(print string) (key, bool) {
	for _, k := range r.keys {
		if k.print == print {
			return k, true
		}
	}
	return key{}, false
}

// seal encrypts a value and its name with a key.
func (r *ring) seal(k key, name, value string) (string, error) {
	var b bytes.Buffer
	w, err := age.Encrypt(&b, append([]age.Recipient{k.id.Recipient()}, r.also...)...)
	if err != nil {
		return "", fmt.Errorf("encrypting the secret %s: %w", name, err)
	}
	if _, err = io.WriteString(w, name+"\n"+value); err == nil {
		err = w.Close()
	}
	if err != nil {
		return "", fmt.Errorf("encrypting the secret %s: %w", name, err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes()), nil
}

// open decrypts the value of a name; errOtherKey if no key opens it.
func (r *ring) open(name, sealed string) (vault.Secret, error) {
	damaged := func(why string) error {
		return fmt.Errorf("the secret %s is damaged in the database (%s): store it again with `aether secret set %s`", name, why, name)
	}
	data, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		return vault.Secret{}, damaged("it is no base64")
	}
	if len(r.keys) == 0 {
		return vault.Secret{}, errOtherKey
	}
	ids := make([]age.Identity, len(r.keys))
	for i, k := range r.keys {
		ids[i] = k.id
	}
	plain, err := age.Decrypt(bytes.NewReader(data), ids...)
	var none *age.NoIdentityMatchError
	if errors.As(err, &none) {
		return vault.Secret{}, errOtherKey
	}
	var text []byte
	if err == nil {
		text, err = io.ReadAll(plain)
	}
	if err != nil {
		return vault.Secret{}, damaged("it cannot be decrypted")
	}
	own, value, ok := strings.Cut(string(text), "\n")
	if !ok || own != name {
		return vault.Secret{}, damaged("it was stored under another name")
	}
	return vault.New(value), nil
}
