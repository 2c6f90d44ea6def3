package text

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aether-rpa/aether/node"
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
