package httpnode

import (
	"encoding/base64"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"

	"github.com/aether-rpa/aether/value"
)

// readBody reads at most max bytes, unpacked: a small answer that unpacks to a
// huge one is stopped like one that is huge from the start.
func readBody(res *http.Response, limit int64) ([]byte, error) {
	if limit > 0 && res.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	b, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, tooLarge(limit)
	}
	return b, nil
}

func tooLarge(limit int64) error {
	return input("raise the limit, or use http.download for large content", "the answer is larger than the limit of %d bytes", limit)
}

// parse turns a body into a value: auto, json, text, base64 or none.
func (r *response) parse(how string) (any, error) {
	mediaType, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		mediaType, _, _ = strings.Cut(strings.ToLower(r.Header.Get("Content-Type")), ";")
		mediaType = strings.TrimSpace(mediaType)
	}
	isJSON := mediaType == "application/json" || mediaType == "text/json" || strings.HasSuffix(mediaType, "+json")
	switch how {
	case "none":
		return nil, nil
	case "base64":
		return base64.StdEncoding.EncodeToString(r.body), nil
	case "text":
		return decodeText(r.body, params["charset"]), nil
	case "json":
		if len(r.body) == 0 {
			return nil, nil
		}
		v, err := value.Parse([]byte(decodeText(r.body, params["charset"])))
		if err != nil {
			return nil, input("set parse to text to look at it", "the answer is not valid JSON: %v", err)
		}
		return v, nil
	}
	if len(r.body) == 0 {
		return nil, nil
	}
	if isJSON {
		if v, err := value.Parse([]byte(decodeText(r.body, params["charset"]))); err == nil {
			return v, nil
		}
	}
	if isJSON || isText(mediaType, r.body) {
		return decodeText(r.body, params["charset"]), nil
	}
	return base64.StdEncoding.EncodeToString(r.body), nil
}

func isText(mediaType string, body []byte) bool {
	switch {
	case strings.HasPrefix(mediaType, "text/"), strings.HasSuffix(mediaType, "+xml"):
		return true
	case mediaType == "application/xml", mediaType == "application/javascript", mediaType == "application/x-www-form-urlencoded",
		mediaType == "application/yaml", mediaType == "application/x-yaml", mediaType == "application/x-ndjson", mediaType == "application/jsonl", mediaType == "application/graphql":
		return true
	case mediaType == "":
		return utf8.Valid(body)
	}
	return false
}

// decodeText reads bytes in a charset; without one, as UTF-8 if they are, else
// as windows-1252. A byte order mark is left out.
func decodeText(b []byte, name string) string {
	s := string(b)
	if enc, err := htmlindex.Get(name); name != "" && err == nil {
		if t, err := enc.NewDecoder().String(s); err == nil {
			s = t
		}
	} else if !utf8.Valid(b) {
		if t, err := charmap.Windows1252.NewDecoder().String(s); err == nil {
			s = t
		}
	}
	return strings.ToValidUTF8(strings.TrimPrefix(s, "\uFEFF"), "\uFFFD")
}
