package random

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[stringIn, textOut]{
		Type: "random.string", Title: "Random text", Effect: node.Read,
		Doc: "Draws characters of an alphabet, each equally likely.",
		Examples: []node.Example[stringIn, textOut]{
			{Title: "A code", In: stringIn{Length: 8, Alphabet: "readable"}, Check: func(out textOut) error { return madeOf(out.Text, 8, alphabets["readable"]) }},
			{Title: "Own characters", In: stringIn{Length: 4, Characters: "é"}, Out: textOut{Text: "éééé"}},
		},
		Run: func(_ context.Context, env *node.Env, in stringIn) (textOut, error) {
			set := []rune(in.Characters)
			if len(set) == 0 {
				set = []rune(alphabets[in.Alphabet])
			}
			s, err := pick(env, set, in.Length)
			return textOut{Text: string(s)}, err
		},
	})
	node.Register(node.Spec[passwordIn, passwordOut]{
		Type: "random.password", Title: "Random password", Effect: node.Read,
		Doc: "Makes a password that keeps to the usual rules: so many capitals, digits and symbols at least. The password is an output of the node and is recorded with the run like any other.",
		Examples: []node.Example[passwordIn, passwordOut]{
			{Title: "Sixteen characters", In: passwordIn{}, Check: func(out passwordOut) error {
				if len(out.Password) != 16 || !strings.ContainsAny(out.Password, alphabets["digits"]) {
					return fmt.Errorf("the password does not keep to the rules")
				}
				return nil
			}},
		},
		Run: password,
	})
	node.Register(node.Spec[bytesIn, bytesOut]{
		Type: "random.bytes", Title: "Random bytes", Effect: node.Read,
		Doc: "Draws bytes, for keys and salts, as base64 or hexadecimal text.",
		Examples: []node.Example[bytesIn, bytesOut]{
			{Title: "A 128-bit key", In: bytesIn{Count: 16, Encoding: "hex"}, Check: func(out bytesOut) error { return madeOf(out.Text, 32, "0123456789abcdef") }},
		},
		Run: func(_ context.Context, env *node.Env, in bytesIn) (bytesOut, error) {
			b := make([]byte, max(in.Count, 0))
			if err := read(env, b); err != nil {
				return bytesOut{}, err
			}
			switch in.Encoding {
			case "hex":
				return bytesOut{Text: hex.EncodeToString(b)}, nil
			case "base64url":
				return bytesOut{Text: base64.RawURLEncoding.EncodeToString(b)}, nil
			}
			return bytesOut{Text: base64.StdEncoding.EncodeToString(b)}, nil
		},
	})
	node.Register(node.Spec[uuidIn, uuidOut]{
		Type: "random.uuid", Title: "UUID", Effect: node.Read,
		Doc: "Makes a universally unique id: version 4 is random, version 7 begins with the time, so that ids sort in the order in which they were made.",
		Examples: []node.Example[uuidIn, uuidOut]{
			{Title: "Random", In: uuidIn{}, Check: func(out uuidOut) error { return uuidOf(out.UUID, '4') }},
			{Title: "Sortable", In: uuidIn{Version: "7"}, Check: func(out uuidOut) error { return uuidOf(out.UUID, '7') }},
		},
		Run: uuid,
	})
}

const (
	lower   = "abcdefghijklmnopqrstuvwxyz"
	upper   = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits  = "0123456789"
	symbols = "!#$%&()*+,-./:;<=>?@[]^_{|}~"
)

// alphabets by name; readable lacks the characters that people mix up.
var alphabets = map[string]string{
	"alphanumeric": lower + upper + digits, "letters": lower + upper, "lower": lower, "upper": upper, "digits": digits,
	"hex": "0123456789abcdef", "readable": "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789", "base64url": lower + upper + digits + "-_", "symbols": symbols,
}

func madeOf(s string, n int, set string) error {
	if utf8.RuneCountInString(s) != n || strings.Trim(s, set) != "" {
		return fmt.Errorf("%q is not %d characters of %s", s, n, set)
	}
	return nil
}

func uuidOf(s string, version byte) error {
	if len(s) != 36 || s[14] != version || !strings.Contains("89ab", s[19:20]) {
		return fmt.Errorf("%q is no UUID of version %c", s, version)
	}
	return nil
}

type stringIn struct {
	Length     int    `json:"length" default:"16" min:"1" max:"100000" doc:"How many characters."`
	Alphabet   string `json:"alphabet" default:"alphanumeric" enum:"alphanumeric,letters,lower,upper,digits,hex,readable,base64url,symbols" doc:"Characters to draw from; readable leaves out those that people mix up, such as 0, O, 1, l and I."`
	Characters string `json:"characters" doc:"Own characters to draw from, instead of an alphabet."`
}

type textOut struct {
	Text string `json:"text" doc:"The text."`
}

func pick(env *node.Env, set []rune, n int) ([]rune, error) {
	if len(set) == 0 {
		return nil, node.Failf(node.KindInput, "there are no characters to draw from")
	}
	out := make([]rune, max(n, 0))
	for i := range out {
		j, err := index(env, len(set))
		if err != nil {
			return nil, err
		}
		out[i] = set[j]
	}
	return out, nil
}

type passwordIn struct {
	Length   int    `json:"length" default:"16" min:"4" max:"1000" doc:"How many characters."`
	Lower    int    `json:"lower" default:"1" min:"-1" max:"1000" doc:"Lower-case letters at least; -1 for none at all."`
	Upper    int    `json:"upper" default:"1" min:"-1" max:"1000" doc:"Capital letters at least; -1 for none at all."`
	Digits   int    `json:"digits" default:"1" min:"-1" max:"1000" doc:"Digits at least; -1 for none at all."`
	Symbols  int    `json:"symbols" default:"1" min:"-1" max:"1000" doc:"Symbols at least; -1 for none at all."`
	Allowed  string `json:"allowed" is:"advanced" doc:"Symbols that may be used; empty for all usual ones."`
	Readable bool   `json:"readable" doc:"Leave out characters that people mix up, such as 0, O, 1, l, I and |."`
}

type passwordOut struct {
	Password string `json:"password" doc:"The password."`
}

func password(_ context.Context, env *node.Env, in passwordIn) (passwordOut, error) {
	marks := in.Allowed
	if marks == "" {
		marks = symbols
	}
	var out, all []rune
	for _, part := range []struct {
		set string
		min int
	}{{lower, in.Lower}, {upper, in.Upper}, {digits, in.Digits}, {marks, in.Symbols}} {
		if part.min < 0 {
			continue
		}
		set := []rune(part.set)
		if in.Readable {
			set = []rune(strings.Map(func(r rune) rune {
				if strings.ContainsRune("0OoQ1lI|i", r) {
					return -1
				}
				return r
			}, part.set))
		}
		all = append(all, set...)
		if part.min == 0 {
			continue
		}
		s, err := pick(env, set, part.min)
		if err != nil {
			return passwordOut{}, err
		}
		out = append(out, s...)
	}
	if len(out) > in.Length {
		return passwordOut{}, node.Failf(node.KindInput, "the rules ask for %d characters, more than the length of %d", len(out), in.Length)
	}
	rest, err := pick(env, all, in.Length-len(out))
	if err != nil {
		return passwordOut{}, err
	}
	out = append(out, rest...)
	if err := shuffle(env, out, len(out)); err != nil {
		return passwordOut{}, err
	}
	return passwordOut{Password: string(out)}, nil
}

type bytesIn struct {
	Count    int    `json:"count" default:"32" min:"1" max:"1000000" doc:"How many bytes."`
	Encoding string `json:"encoding" default:"base64" enum:"base64,base64url,hex" doc:"How the bytes are written."`
}

type bytesOut struct {
	Text string `json:"text" doc:"The bytes as text."`
}

type uuidIn struct {
	Version string `json:"version" default:"4" enum:"4,7" doc:"4 is random, 7 begins with the time."`
}

type uuidOut struct {
	UUID string `json:"uuid" doc:"The id, in lower case with hyphens."`
}

func uuid(_ context.Context, env *node.Env, in uuidIn) (uuidOut, error) {
	var b [16]byte
	if err := read(env, b[:]); err != nil {
		return uuidOut{}, err
	}
	version := byte(4)
	if in.Version == "7" {
		version = 7
		ms := env.Now().UnixMilli()
		for i := range 6 {
			b[i] = byte(ms >> (40 - 8*i))
		}
	}
	b[6] = b[6]&0x0f | version<<4
	b[8] = b[8]&0x3f | 0x80
	return uuidOut{UUID: fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:])}, nil
}
