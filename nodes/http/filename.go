package httpnode

import (
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"
)

// fileName is the name that the service gives to a file, or the last part of
// its address, made harmless.
func fileName(res *http.Response) string {
	name := ""
	if _, p, err := mime.ParseMediaType(res.Header.Get("Content-Disposition")); err == nil {
		name = p["filename"]
	}
	if name = cleanName(name); name != "" {
		return name
	}
	if s, err := url.PathUnescape(path.Base(res.Request.URL.EscapedPath())); err == nil {
		name = cleanName(s)
	}
	if name == "" {
		return "download"
	}
	return name
}

// reserved are names that mean devices on Windows.
var reserved = map[string]bool{"con": true, "prn": true, "aux": true, "nul": true}

// cleanName makes a file name of what a stranger sent: the last part of any
// path, without characters that some system forbids.
func cleanName(s string) string {
	if i := strings.LastIndexAny(s, `/\`); i >= 0 {
		s = s[i+1:]
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case r < 0x20, r == 0x7f, r == 0xFFFD, r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069: // marks that turn text around hide an extension
			return -1
		case strings.ContainsRune(`<>:"|?*`, r):
			return '_'
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = strings.Trim(s, ". ")
	stem, _, _ := strings.Cut(strings.ToLower(s), ".")
	if reserved[stem] || len(stem) == 4 && (strings.HasPrefix(stem, "com") || strings.HasPrefix(stem, "lpt")) && stem[3] >= '0' && stem[3] <= '9' {
		s = "_" + s
	}
	if len(s) > 200 {
		ext := path.Ext(s)
		if len(ext) > 20 {
			ext = ""
		}
		s = strings.ToValidUTF8(s[:200-len(ext)], "") + ext
	}
	return s
}
