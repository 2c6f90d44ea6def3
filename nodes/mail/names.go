package mail

import (
	"path"
	"strconv"
	"strings"
)

// reserved are names that mean devices on Windows.
var reserved = map[string]bool{"con": true, "prn": true, "aux": true, "nul": true}

// cleanName makes a file name of what a stranger sent: the last part of any
// path, without characters that some system forbids. It is "" if nothing is
// left.
func cleanName(s string) string {
	if i := strings.LastIndexAny(s, `/\`); i >= 0 {
		s = s[i+1:]
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case r < 0x20, r == 0x7f, r == 0xFFFD, r >= 0x200B && r <= 0x200F, r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069, r == 0xFEFF:
			return -1 // marks that turn text around hide an extension
		case strings.ContainsRune(`<>:"|?*`, r):
			return '_'
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = strings.Trim(s, ". ")
	stem, _, _ := strings.Cut(strings.ToLower(s), ".")
	stem = strings.TrimSpace(stem)
	if reserved[stem] || len(stem) == 4 && (strings.HasPrefix(stem, "com") || strings.HasPrefix(stem, "lpt")) && stem[3] >= '0' && stem[3] <= '9' {
		s = "_" + s
	}
	if len(s) > 200 {
		ext := path.Ext(s)
		if len(ext) > 20 {
			ext = ""
		}
		s = strings.TrimRight(strings.ToValidUTF8(s[:200-len(ext)], ""), ". ") + ext
	}
	return s
}

// extensions are those of attachments that have no name.
var extensions = map[string]string{
	"application/pdf": ".pdf", "image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/svg+xml": ".svg",
	"text/plain": ".txt", "text/html": ".html", "text/csv": ".csv", "text/xml": ".xml", "application/xml": ".xml",
	"application/json": ".json", "application/zip": ".zip", "text/rtf": ".rtf", "application/rtf": ".rtf",
	"application/pkcs7-mime": ".p7m", "application/pkcs7-signature": ".p7s", "application/pgp-signature": ".asc",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":       ".xlsx",
}

func defaultName(mediaType string, n int) string {
	switch mediaType {
	case "text/calendar":
		return "invite.ics"
	case "application/ms-tnef", "application/vnd.ms-tnef":
		return "winmail.dat"
	case "text/rfc822-headers":
		return "headers.txt"
	case "message/delivery-status":
		return "delivery-status.txt"
	}
	ext := extensions[mediaType]
	if ext == "" {
		ext = ".bin"
	}
	return "attachment-" + strconv.Itoa(n) + ext
}
