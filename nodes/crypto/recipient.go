package crypto

import (
	"strings"

	"filippo.io/age"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/vault"
)

// maxWork bounds the memory that the header of a hostile file may ask for:
// 2^20 is one gigabyte.
const maxWork = 20

// locks are what to encrypt for, as params have it.
type locks struct {
	Recipients []string     `json:"recipients" doc:"Public keys (age1...) of those who may decrypt."`
	Passphrase vault.Secret `json:"passphrase" doc:"Passphrase instead of recipients, as a secret."`
	WorkFactor int          `json:"work_factor" default:"18" min:"10" max:"20" is:"advanced" doc:"How slow guessing a passphrase is; one more takes twice as long and twice the memory (18: about a second, 256 MB)."`
	Armor      bool         `json:"armor" doc:"Write text (base64 between marker lines) rather than bytes."`
}

func (l locks) recipients() ([]age.Recipient, error) {
	if l.Passphrase.Empty() == (len(l.Recipients) == 0) {
		return nil, input("give recipients to encrypt for keys, or passphrase", "exactly one of recipients and passphrase is needed")
	}
	if !l.Passphrase.Empty() {
		r, err := age.NewScryptRecipient(l.Passphrase.Reveal())
		if err != nil {
			return nil, input("check the secret", "the passphrase cannot be used")
		}
		r.SetWorkFactor(max(10, l.WorkFactor))
		return []age.Recipient{r}, nil
	}
	var all []age.Recipient
	for i, s := range l.Recipients {
		s = strings.TrimSpace(s)
		if strings.HasPrefix(strings.ToUpper(s), "AGE-SECRET-KEY-") {
			return nil, input("give the public key (age1...); the secret key is for decrypting, and belongs in a secret", "recipient %d is a secret key", i)
		}
		found, err := age.ParseRecipients(strings.NewReader(s))
		if err != nil {
			return nil, input("public keys begin with age1", "recipient %d is no public key of age", i)
		}
		all = append(all, found...)
	}
	return all, nil
}

// keys are what to decrypt with, as params have it.
type keys struct {
	Identity     vault.Secret `json:"identity" doc:"Secret key (AGE-SECRET-KEY-...), as a secret; the content of a key file with several will do too."`
	IdentityFile string       `json:"identity_file" widget:"file" doc:"File with the secret key instead, as crypto.make_key and age-keygen write it."`
	Passphrase   vault.Secret `json:"passphrase" doc:"Passphrase instead of a key, as a secret."`
}

func (k keys) identities(env *node.Env) ([]age.Identity, error) {
	if (k.Identity.Empty() && k.IdentityFile == "") == k.Passphrase.Empty() {
		return nil, input("give the secret key, or the passphrase", "exactly one of identity (or identity_file) and passphrase is needed")
	}
	if !k.Passphrase.Empty() {
		id, err := age.NewScryptIdentity(k.Passphrase.Reveal())
		if err != nil {
			return nil, input("check the secret", "the passphrase cannot be used")
		}
		id.SetMaxWorkFactor(maxWork)
		return []age.Identity{id}, nil
	}
	secret, err := secretOrFile(env, k.Identity, k.IdentityFile, "identity")
	if err != nil {
		return nil, err
	}
	ids, err := age.ParseIdentities(strings.NewReader(secret.Reveal()))
	if err != nil { // the error may show a part of the key
		return nil, input("check the secret; keys begin with AGE-SECRET-KEY-", "the identity is no secret key of age")
	}
	return ids, nil
}
