package config

import (
	"encoding/json"
	"fmt"
	"log/slog"
)

const masked = "***"

// Secret is a connection string that prints with its password masked, whatever the verb or encoder.
//
// A Config held by value in an unexported field of another struct is beyond fmt's methods: hold a
// *Config, as Load returns it.
type Secret string

// Reveal returns the connection string with its password. Only code that connects calls it.
func (s Secret) Reveal() string { return string(s) }

// String returns the connection string with its password masked; one that cannot be read is all mask.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	t, err := parseTarget(string(s))
	if err != nil {
		return masked
	}
	return t.shown
}

// Format masks under every verb. String alone would not do: fmt prints the bare value for a verb
// that it finds wrong, such as %d.
func (s Secret) Format(f fmt.State, verb rune) {
	switch {
	case verb == 'v' && f.Flag('#'), verb == 'q':
		_, _ = fmt.Fprintf(f, "%q", s.String())
	default:
		_, _ = fmt.Fprint(f, s.String())
	}
}

// GoString returns the masked form, quoted.
func (s Secret) GoString() string { return fmt.Sprintf("%q", s.String()) }

// MarshalText returns the masked form, for encoders of text formats.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON returns the masked form as a JSON string.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// LogValue returns the masked form.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
