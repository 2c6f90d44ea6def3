package mutate

import (
	"encoding/base32"
	"encoding/binary"
	"hash/fnv"
	"strings"
)

var letters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// scramble gives ids, names and classes other names, the same ones on every page of a seed.
type scramble struct{ seed int64 }

// hash is a number that depends on the seed and the parts alone.
func (s scramble) hash(parts ...string) uint64 {
	h := fnv.New64a()
	_ = binary.Write(h, binary.LittleEndian, s.seed) // a hash takes everything
	for _, p := range parts {
		_, _ = h.Write([]byte(p))
		_, _ = h.Write([]byte{0})
	}
	return mix(h.Sum64())
}

// mix spreads the bits of n: the finishing step of splitmix64.
func mix(n uint64) uint64 {
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}

// name returns another id or name of a form field. Original finds the way back without a table, so that a page
// that was served by an earlier process can still be sent.
func (s scramble) name(name string) string {
	if name == "" || name == "_charset_" {
		return name
	}
	check := uint16(s.hash("name", name)) // the low bits are as good as any
	raw := binary.BigEndian.AppendUint16(nil, check)
	return "k" + letters.EncodeToString(append(raw, s.xor(name, check)...))
}

// original returns the name that was scrambled, or the name itself if it was not.
func (s scramble) original(name string) string {
	coded, ok := strings.CutPrefix(name, "k")
	if !ok {
		return name
	}
	raw, err := letters.DecodeString(coded)
	if err != nil || len(raw) < 3 {
		return name
	}
	check := binary.BigEndian.Uint16(raw)
	plain := string(s.xor(string(raw[2:]), check))
	if s.name(plain) != name {
		return name
	}
	return plain
}

// xor hides a text under a key of its own; twice gives the text again.
func (s scramble) xor(text string, check uint16) []byte {
	key := s.hash("key", string(rune(check)))
	out := []byte(text)
	for i := range out {
		out[i] ^= byte(mix(key + uint64(i)))
	}
	return out
}

// names scrambles each of the ids of a list.
func (s scramble) names(list string) string { return eachWord(list, s.name) }

// class returns another name of a class.
func (s scramble) class(name string) string {
	raw := binary.BigEndian.AppendUint64(nil, s.hash("class", name))
	return "c" + letters.EncodeToString(raw)[:7]
}

// classes scrambles each of the classes of a list.
func (s scramble) classes(list string) string { return eachWord(list, s.class) }

// eachWord replaces the words of a list and keeps the space between them.
func eachWord(list string, f func(string) string) string {
	var b strings.Builder
	for list != "" {
		end := strings.IndexAny(list, " \t\r\n\f")
		switch end {
		case 0:
			b.WriteByte(list[0])
			list = list[1:]
			continue
		case -1:
			end = len(list)
		}
		b.WriteString(f(list[:end]))
		list = list[end:]
	}
	return b.String()
}
