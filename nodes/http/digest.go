package httpnode

import (
	"crypto/md5" //nolint:gosec // the protocol wants it
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// digest answers the challenge of a 401 by RFC 7616 and returns the value of
// the Authorization header, or "" when no challenge can be answered.
func (a auth) digest(res *http.Response, method, uri string, random io.Reader) (string, error) {
	var best map[string]string
	for _, h := range res.Header.Values("Www-Authenticate") {
		kind, rest, _ := strings.Cut(h, " ")
		if !strings.EqualFold(kind, "digest") {
			continue
		}
		c := params(rest)
		switch strings.ToUpper(strings.TrimSuffix(strings.ToUpper(c["algorithm"]), "-SESS")) {
		case "SHA-256":
			best = c
		case "", "MD5":
			if best == nil {
				best = c
			}
		}
	}
	if best == nil || best["nonce"] == "" {
		return "", nil
	}
	qop := ""
	for _, q := range strings.Split(best["qop"], ",") {
		if strings.EqualFold(strings.TrimSpace(q), "auth") {
			qop = "auth"
		}
	}
	if qop == "" && best["qop"] != "" {
		return "", nil // auth-int alone is hardly ever used
	}
	raw := make([]byte, 16)
	if _, err := io.ReadFull(random, raw); err != nil {
		return "", err
	}
	return a.digestHeader(best, method, uri, qop, hex.EncodeToString(raw)), nil
}

func (a auth) digestHeader(c map[string]string, method, uri, qop, cnonce string) string {
	algorithm := strings.ToUpper(c["algorithm"])
	sum := func(s string) string {
		h := md5.New() //nolint:gosec // the protocol wants it
		if strings.HasPrefix(algorithm, "SHA-256") {
			h = sha256.New()
		}
		_, _ = io.WriteString(h, s)
		return hex.EncodeToString(h.Sum(nil))
	}
	ha1 := sum(a.User + ":" + c["realm"] + ":" + a.Password.Reveal())
	if strings.HasSuffix(algorithm, "-SESS") {
		ha1 = sum(ha1 + ":" + c["nonce"] + ":" + cnonce)
	}
	ha2 := sum(method + ":" + uri)
	const nc = "00000001"
	response := sum(ha1 + ":" + c["nonce"] + ":" + ha2)
	if qop != "" {
		response = sum(strings.Join([]string{ha1, c["nonce"], nc, cnonce, qop, ha2}, ":"))
	}
	var b strings.Builder
	fmt.Fprintf(&b, `Digest username=%s, realm=%s, nonce=%s, uri=%s, response="%s"`, quote(a.User), quote(c["realm"]), quote(c["nonce"]), quote(uri), response)
	if c["algorithm"] != "" {
		fmt.Fprintf(&b, ", algorithm=%s", c["algorithm"])
	}
	if c["opaque"] != "" {
		fmt.Fprintf(&b, ", opaque=%s", quote(c["opaque"]))
	}
	if qop != "" {
		fmt.Fprintf(&b, `, qop=%s, nc=%s, cnonce="%s"`, qop, nc, cnonce)
	}
	return b.String()
}

func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\r", "", "\n", "").Replace(s) + `"`
}

// params reads name=value pairs separated by commas; values may be quoted.
func params(s string) map[string]string {
	out := map[string]string{}
	for {
		s = strings.TrimLeft(s, " ,\t")
		name, rest, ok := strings.Cut(s, "=")
		if !ok {
			return out
		}
		name = strings.ToLower(strings.TrimSpace(name))
		rest = strings.TrimLeft(rest, " ")
		if !strings.HasPrefix(rest, `"`) {
			v, after, _ := strings.Cut(rest, ",")
			out[name], s = strings.TrimSpace(v), after
			continue
		}
		var v strings.Builder
		i := 1
		for ; i < len(rest) && rest[i] != '"'; i++ {
			if rest[i] == '\\' && i+1 < len(rest) {
				i++
			}
			v.WriteByte(rest[i])
		}
		out[name] = v.String()
		s = rest[min(i+1, len(rest)):]
	}
}
