package expr

import (
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // checksums of legacy systems, not security
	"crypto/sha1" //nolint:gosec // a checksum for old systems, as its doc says
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"hash/crc32"
	"html"
	"net/url"
	"strings"
	"unicode/utf8"
)

var encodingFunctions = []Function{
	{Name: "base64_encode", Category: "encoding", Signature: "base64_encode(text)", Doc: "Writes text as base64.", Example: `base64_encode("hi")`, Result: `"aGk="`, min: 1, max: 1, aliases: []string{"toBase64", "to_base64"}, call: encode(2, func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) })},
	{Name: "base64_decode", Category: "encoding", Signature: "base64_decode(text)", Doc: "Reads base64, also in its URL form, that holds text.", Example: `base64_decode("aGk=")`, Result: `"hi"`, min: 1, max: 1, aliases: []string{"fromBase64", "from_base64"}, call: decode("base64", func(s string) (string, error) {
		s = strings.NewReplacer("-", "+", "_", "/", "\n", "", "\r", "", " ", "").Replace(s)
		b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
		return string(b), err
	})},
	{Name: "base64url_encode", Category: "encoding", Signature: "base64url_encode(text)", Doc: "Writes text as base64 for URLs, without padding.", Example: `base64url_encode("hi")`, Result: `"aGk"`, min: 1, max: 1, call: encode(2, func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) })},
	{Name: "hex_encode", Category: "encoding", Signature: "hex_encode(text)", Doc: "Writes the bytes of text in hexadecimal.", Example: `hex_encode("hi")`, Result: `"6869"`, min: 1, max: 1, call: encode(2, func(s string) string { return hex.EncodeToString([]byte(s)) })},
	{Name: "hex_decode", Category: "encoding", Signature: "hex_decode(text)", Doc: "Reads hexadecimal that holds text.", Example: `hex_decode("6869")`, Result: `"hi"`, min: 1, max: 1, call: decode("hexadecimal", func(s string) (string, error) {
		b, err := hex.DecodeString(s)
		return string(b), err
	})},
	{Name: "url_encode", Category: "encoding", Signature: "url_encode(text)", Doc: "Escapes text for use in the query of a URL.", Example: `url_encode("a b&c")`, Result: `"a%20b%26c"`, min: 1, max: 1, call: encode(3, func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") })},
	{Name: "url_decode", Category: "encoding", Signature: "url_decode(text)", Doc: "Undoes url_encode.", Example: `url_decode("a%20b")`, Result: `"a b"`, min: 1, max: 1, call: decode("URL-encoded text", url.QueryUnescape)},
	{Name: "query_string", Category: "encoding", Signature: "query_string(map)", Doc: "Writes a map as the query of a URL, in the order of the keys.", Example: `query_string({b: 1, a: "x y"})`, Result: `"a=x+y&b=1"`, min: 1, max: 1, call: queryString},
	{Name: "parse_url", Category: "encoding", Signature: "parse_url(text)", Doc: "Cuts a URL into scheme, host, port, path, query and fragment.", Example: `parse_url("https://a.b:8/c?d=1#e")`, Result: `{"fragment":"e","host":"a.b","path":"/c","port":"8","query":{"d":"1"},"scheme":"https"}`, min: 1, max: 1, call: parseURL},
	{Name: "html_escape", Category: "encoding", Signature: "html_escape(text)", Doc: "Escapes text for HTML.", Example: `html_escape("a<b")`, Result: `"a&lt;b"`, min: 1, max: 1, call: encode(5, html.EscapeString)},
	{Name: "html_unescape", Category: "encoding", Signature: "html_unescape(text)", Doc: "Undoes html_escape.", Example: `html_unescape("a&lt;b")`, Result: `"a<b"`, min: 1, max: 1, call: encode(2, html.UnescapeString)},
	{Name: "csv_field", Category: "encoding", Signature: "csv_field(text)", Doc: "Quotes text for CSV where that is needed.", Example: `csv_field("a,b")`, Result: `"\"a,b\""`, min: 1, max: 1, call: encode(2, func(s string) string {
		if !strings.ContainsAny(s, ",;\t\"\r\n") {
			return s
		}
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	})},
	{Name: "sha256", Category: "encoding", Signature: "sha256(text)", Doc: "Gives the SHA-256 sum in hexadecimal.", Example: `sha256("")`, Result: `"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"`, min: 1, max: 1, call: digest(sha256.New)},
	{Name: "sha512", Category: "encoding", Signature: "sha512(text)", Doc: "Gives the SHA-512 sum in hexadecimal.", Example: `len(sha512("a"))`, Result: `128`, min: 1, max: 1, call: digest(sha512.New)},
	{Name: "sha1", Category: "encoding", Signature: "sha1(text)", Doc: "Gives the SHA-1 sum in hexadecimal, for old systems only.", Example: `sha1("")`, Result: `"da39a3ee5e6b4b0d3255bfef95601890afd80709"`, min: 1, max: 1, call: digest(sha1.New)},
	{Name: "md5", Category: "encoding", Signature: "md5(text)", Doc: "Gives the MD5 sum in hexadecimal, for old systems only.", Example: `md5("")`, Result: `"d41d8cd98f00b204e9800998ecf8427e"`, min: 1, max: 1, call: digest(md5.New)},
	{Name: "crc32", Category: "encoding", Signature: "crc32(text)", Doc: "Gives the CRC-32 sum as a number.", Example: `crc32("a")`, Result: `3904355907`, min: 1, max: 1, call: func(a *args) any { return int(crc32.ChecksumIEEE([]byte(a.text(0)))) }},
	{Name: "hmac_sha256", Category: "encoding", Signature: "hmac_sha256(text, key)", Doc: "Signs text with a key and gives the signature in hexadecimal.", Example: `take(chars(hmac_sha256("a", "k")), 4) | join()`, Result: `"78da"`, min: 2, max: 2, call: func(a *args) any {
		h := hmac.New(sha256.New, []byte(a.text(1)))
		h.Write([]byte(a.text(0)))
		return hex.EncodeToString(h.Sum(nil))
	}},
}

// encode lifts a function whose result is at most times the length of its input.
func encode(times int, f func(string) string) func(*args) any {
	return func(a *args) any {
		s := a.text(0)
		a.spend(10 * len(s))
		if !a.room(times*len(s) + 4) {
			return nil
		}
		return f(s)
	}
}

func decode(what string, f func(string) (string, error)) func(*args) any {
	return func(a *args) any {
		s := a.text(0)
		a.spend(10 * len(s))
		if !a.room(2 * len(s)) {
			return nil
		}
		out, err := f(s)
		if err != nil {
			return a.failf("the text is not valid %s", what)
		}
		if !utf8.ValidString(out) {
			return a.fail(fail("what was decoded is not text").hint("use a file node for binary data"))
		}
		return out
	}
}

func digest(f func() hash.Hash) func(*args) any {
	return func(a *args) any {
		s := a.text(0)
		a.spend(5 * len(s))
		if !a.room(len(s)) {
			return nil
		}
		h := f()
		h.Write([]byte(s))
		return hex.EncodeToString(h.Sum(nil))
	}
}

func queryString(a *args) any {
	q := url.Values{}
	for k, v := range a.maps(0) {
		out, err := a.st.appendText(nil, v)
		if err != nil {
			return a.fail(err)
		}
		if !a.room(6 * (len(k) + len(out))) {
			return nil
		}
		q.Set(k, string(out))
	}
	return q.Encode()
}

func parseURL(a *args) any {
	s := a.text(0)
	if len(s) > 64<<10 {
		return a.failf("the URL is too long")
	}
	u, err := url.Parse(s)
	if err != nil {
		return a.failf("the text is not a URL")
	}
	if !a.room(10*entryBytes + 20*len(s)) {
		return nil
	}
	query := map[string]any{}
	for k, v := range u.Query() {
		query[k] = v[len(v)-1]
	}
	return map[string]any{"scheme": u.Scheme, "host": u.Hostname(), "port": u.Port(), "path": u.Path, "query": query, "fragment": u.Fragment}
}
