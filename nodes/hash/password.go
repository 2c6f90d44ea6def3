package hash

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/vault"
)

// What a stored hash may ask for: a hostile one must not take all the memory
// of the machine, or a day.
const (
	maxMemory  = 1 << 20 // KiB
	maxTime    = 64
	maxThreads = 64
	maxCost    = 18 // of bcrypt: about half a minute
)

func init() {
	node.Register(node.Spec[passwordIn, passwordOut]{
		Type: "hash.password", Title: "Hash password", Effect: node.Read,
		Doc: "Makes the hash of a password to be stored, with a salt of its own, so that each run gives another hash. Argon2id is the one to take; bcrypt is for programs that know nothing newer, and takes passwords of up to 72 bytes. hash.check_password compares.",
		Examples: []node.Example[passwordIn, passwordOut]{{
			Title: "Argon2id", In: passwordIn{Password: vault.New("example"), Memory: 8, Time: 1},
			Check: begins("$argon2id$v=19$m=8192,t=1,p=1$"),
		}, {
			Title: "bcrypt", In: passwordIn{Password: vault.New("example"), Algorithm: "bcrypt", Cost: 10},
			Check: begins("$2a$10$"),
		}},
		Run: password,
	})
	node.Register(node.Spec[checkIn, checkOut]{
		Type: "hash.check_password", Title: "Check password", Effect: node.Read,
		Doc: "Tells whether a password is the one that a hash was made of: Argon2id in its usual written form, or bcrypt. A wrong password is an answer, not a failure; a hash that cannot be read fails.",
		Examples: []node.Example[checkIn, checkOut]{{
			Title: "bcrypt", In: checkIn{Password: vault.New("abc"), Hash: "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"},
			Out: checkOut{Valid: true},
		}, {
			Title: "Another password", In: checkIn{Password: vault.New("abd"), Hash: "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"},
			Out: checkOut{},
		}},
		Run: check,
	})
}

func begins(prefix string) func(passwordOut) error {
	return func(o passwordOut) error {
		if !strings.HasPrefix(o.Hash, prefix) {
			return fmt.Errorf("got %q", o.Hash)
		}
		return nil
	}
}

type passwordIn struct {
	Password  vault.Secret `json:"password" is:"required" doc:"Password, as a secret."`
	Algorithm string       `json:"algorithm" default:"argon2id" enum:"argon2id,bcrypt" doc:"How to hash."`
	Memory    int          `json:"memory" default:"64" min:"8" max:"1024" is:"advanced" when:"algorithm=argon2id" doc:"Memory that one try takes, in MiB."`
	Time      int          `json:"time" default:"3" min:"1" max:"64" is:"advanced" when:"algorithm=argon2id" doc:"How often the memory is gone through."`
	Cost      int          `json:"cost" default:"12" min:"10" max:"18" is:"advanced" when:"algorithm=bcrypt" doc:"How slow one try is; one more takes twice as long."`
}

type passwordOut struct {
	Hash string `json:"hash" doc:"The hash, with algorithm, settings and salt in it."`
}

type checkIn struct {
	Password vault.Secret `json:"password" is:"required" doc:"Password, as a secret."`
	Hash     string       `json:"hash" is:"required" doc:"Hash that hash.password or another program made."`
}

type checkOut struct {
	Valid bool `json:"valid" doc:"Whether the password is the one."`
}

func password(_ context.Context, env *node.Env, in passwordIn) (passwordOut, error) {
	if in.Password.Empty() {
		return passwordOut{}, input("name a secret that holds the password", "the password is empty")
	}
	word := []byte(in.Password.Reveal())
	if in.Algorithm == "bcrypt" {
		h, err := bcrypt.GenerateFromPassword(word, in.Cost)
		if errors.Is(err, bcrypt.ErrPasswordTooLong) {
			return passwordOut{}, input("take argon2id, or a shorter password", "the password is longer than the 72 bytes that bcrypt looks at")
		}
		if err != nil {
			return passwordOut{}, input("check cost", "the password cannot be hashed with bcrypt")
		}
		return passwordOut{Hash: string(h)}, nil
	}
	salt := make([]byte, 16)
	if _, err := io.ReadFull(env.Rand, salt); err != nil {
		return passwordOut{}, node.Fail(node.KindError, "there is no randomness for a salt: "+err.Error(), "")
	}
	memory, time := uint32(in.Memory)<<10, uint32(max(1, in.Time))
	sum := argon2.IDKey(word, salt, time, memory, 1, 32)
	b64 := base64.RawStdEncoding
	return passwordOut{Hash: fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, memory, time, b64.EncodeToString(salt), b64.EncodeToString(sum))}, nil
}

func check(_ context.Context, _ *node.Env, in checkIn) (checkOut, error) {
	word, h := []byte(in.Password.Reveal()), strings.TrimSpace(in.Hash)
	switch {
	case strings.HasPrefix(h, "$argon2id$"):
		return argon(word, h)
	case strings.HasPrefix(h, "$2"):
		cost, err := bcrypt.Cost([]byte(h))
		if err != nil {
			return checkOut{}, unreadable()
		}
		if cost > maxCost {
			return checkOut{}, input("have it hashed again with a lower cost", "the hash has a cost of %d, more than the limit of %d", cost, maxCost)
		}
		// Others cut long passwords: so does the comparison.
		return checkOut{Valid: bcrypt.CompareHashAndPassword([]byte(h), word) == nil}, nil
	}
	return checkOut{}, unreadable()
}

// unreadable does not show the hash, which may have been put in the wrong place
// with a password.
func unreadable() error {
	return input("give what hash.password returned; it begins with $argon2id$ or $2", "the hash cannot be read")
}

func argon(word []byte, h string) (checkOut, error) {
	parts := strings.Split(h, "$")
	if len(parts) != 6 || parts[2] != "v=19" {
		return checkOut{}, unreadable()
	}
	var memory, time, threads uint32
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &time, &threads); n != 3 || err != nil {
		return checkOut{}, unreadable()
	}
	salt, err1 := decode(parts[4], "base64")
	want, err2 := decode(parts[5], "base64")
	if err1 != nil || err2 != nil || len(want) < 16 || len(want) > 128 || len(salt) < 8 || time < 1 || threads < 1 {
		return checkOut{}, unreadable()
	}
	if memory > maxMemory || time > maxTime || threads > maxThreads {
		return checkOut{}, input("have it hashed again with smaller settings", "the hash asks for %d KiB, %d passes and %d threads, more than the limits of %d, %d and %d", memory, time, threads, maxMemory, maxTime, maxThreads)
	}
	sum := argon2.IDKey(word, salt, time, memory, uint8(threads), uint32(len(want)))
	return checkOut{Valid: subtle.ConstantTimeCompare(sum, want) == 1}, nil
}
