// Package vault holds the type of a secret and the way to read one. A secret
// is named in a flow ({secret: NAME}) and read at the moment a node needs it;
// its value never appears in a record, a log, an error or a trace.
package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/aether-rpa/aether/schema"
)

// masked is what a secret prints as.
const masked = "***"

// ErrNotFound is returned by a Reader that does not know a name.
var ErrNotFound = errors.New("secret not found")

// Secret is a value that prints as *** in every format. Only Reveal shows it.
// The zero Secret is empty.
type Secret struct{ value string }

// New wraps a value.
func New(value string) Secret { return Secret{value} }

// Reveal returns the value itself. Call it only where the value is used.
func (s Secret) Reveal() string { return s.value }

// Empty reports whether there is no value.
func (s Secret) Empty() bool { return s.value == "" }

// String returns ***, or "" for an empty secret.
func (s Secret) String() string {
	if s.value == "" {
		return ""
	}
	return masked
}

// GoString returns *** so that %#v shows nothing.
func (s Secret) GoString() string { return s.String() }

// Format prints *** for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// MarshalJSON writes "***".
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// MarshalText writes ***.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue keeps the value out of logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// SchemaKind says that a param of this type holds a secret.
func (*Secret) SchemaKind() schema.Kind { return schema.Secret }

// FromValue takes a Secret that was read for a {secret: NAME} reference, or the
// value itself as text.
func (s *Secret) FromValue(v any) error {
	switch x := v.(type) {
	case Secret:
		*s = x
	case string:
		*s = New(x)
	default:
		return errors.New("write a secret as {secret: NAME}")
	}
	return nil
}

// ToValue returns ***.
func (s *Secret) ToValue() any { return s.String() }

// Reader reads secrets by name. Get returns an error wrapping ErrNotFound for
// an unknown name; implementations are safe for concurrent use.
type Reader interface {
	Get(ctx context.Context, name string) (Secret, error)
}

// envPrefix is what the environment variables of secrets begin with.
const envPrefix = "AETHER_SECRET_"

// Reserved reports whether a name stands for the key of the secret store in
// the environment (AETHER_SECRET_KEY, AETHER_SECRET_KEY_FILE), which no flow may
// read. Case does not count, as it does not in the environment of Windows.
func Reserved(name string) bool {
	return strings.EqualFold(name, "KEY") || strings.EqualFold(name, "KEY_FILE")
}

// Env reads secrets from environment variables named AETHER_SECRET_NAME, the
// provider that needs no set-up.
type Env struct {
	// Lookup returns a variable of the environment.
	Lookup func(string) (string, bool)
}

// Get implements Reader.
func (e Env) Get(_ context.Context, name string) (Secret, error) {
	if Reserved(name) {
		return Secret{}, fmt.Errorf("%w: %s%s is the key of the secret store and no secret of a flow; choose another name", ErrNotFound, envPrefix, name)
	}
	v, ok := e.Lookup(envPrefix + name)
	if !ok || v == "" {
		return Secret{}, fmt.Errorf("%w: set %s%s in the environment or in .env", ErrNotFound, envPrefix, name)
	}
	return New(v), nil
}
