package httpnode

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// sign puts an AWS Signature Version 4 on a request. Body is read to its end
// to hash it.
func (a auth) sign(req *http.Request, body io.Reader, now time.Time) error {
	h := sha256.New()
	if body != nil {
		if _, err := io.Copy(h, body); err != nil {
			return err
		}
	}
	payload := hex.EncodeToString(h.Sum(nil))
	stampText, day := now.UTC().Format("20060102T150405Z"), now.UTC().Format("20060102")
	req.Header.Set("X-Amz-Date", stampText)
	if t := a.SessionToken.Reveal(); t != "" {
		req.Header.Set("X-Amz-Security-Token", t)
	}
	if a.Service == "s3" {
		req.Header.Set("X-Amz-Content-Sha256", payload)
	}
	headers := map[string]string{"host": req.URL.Host}
	for k, v := range req.Header {
		if low := strings.ToLower(k); strings.HasPrefix(low, "x-amz-") || low == "content-type" {
			headers[low] = strings.Join(strings.Fields(strings.Join(v, ",")), " ")
		}
	}
	var names []string
	for k := range headers {
		names = append(names, k)
	}
	slices.Sort(names)
	var canonical strings.Builder
	canonical.WriteString(req.Method + "\n" + a.canonicalPath(req.URL) + "\n" + canonicalQuery(req.URL.Query()) + "\n")
	for _, k := range names {
		canonical.WriteString(k + ":" + headers[k] + "\n")
	}
	signed := strings.Join(names, ";")
	canonical.WriteString("\n" + signed + "\n" + payload)
	sum := sha256.Sum256([]byte(canonical.String()))
	scope := day + "/" + a.Region + "/" + a.Service + "/aws4_request"
	toSign := "AWS4-HMAC-SHA256\n" + stampText + "\n" + scope + "\n" + hex.EncodeToString(sum[:])
	key := []byte("AWS4" + a.SecretKey.Reveal())
	for _, part := range []string{day, a.Region, a.Service, "aws4_request"} {
		key = hmacSum(key, part)
	}
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+a.AccessKey+"/"+scope+", SignedHeaders="+signed+", Signature="+hex.EncodeToString(hmacSum(key, toSign)))
	return nil
}

func hmacSum(key []byte, s string) []byte {
	m := hmac.New(sha256.New, key)
	_, _ = io.WriteString(m, s)
	return m.Sum(nil)
}

// canonicalPath is the path escaped once for s3 and twice for other services.
func (a auth) canonicalPath(u *url.URL) string {
	p := u.EscapedPath()
	if p == "" {
		return "/"
	}
	if a.Service == "s3" {
		return awsEscape(u.Path, true)
	}
	return awsEscape(p, true)
}

// canonicalQuery is sorted by escaped name, then by escaped value.
func canonicalQuery(q url.Values) string {
	var pairs [][2]string
	for k, vs := range q {
		for _, v := range vs {
			pairs = append(pairs, [2]string{awsEscape(k, false), awsEscape(v, false)})
		}
	}
	slices.SortFunc(pairs, func(a, b [2]string) int {
		return cmp.Or(strings.Compare(a[0], b[0]), strings.Compare(a[1], b[1]))
	})
	var b strings.Builder
	for i, p := range pairs {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p[0] + "=" + p[1])
	}
	return b.String()
}

// awsEscape escapes everything but unreserved characters and, in paths, the
// slash.
func awsEscape(s string, path bool) string {
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-_.~", c) >= 0, path && c == '/':
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(hexDigits[c>>4])
			b.WriteByte(hexDigits[c&15])
		}
	}
	return b.String()
}
