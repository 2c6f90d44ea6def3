package text

import (
	"html"
	"net/url"
	"regexp"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	register("text.escape", "Escape text", "Makes text safe to stand inside of something else: a web page, an address, JSON, a CSV cell, a pattern, a command line, an SQL string. Prefer parameters over escaping where a node offers them.",
		escape,
		node.Example[escapeIn, textOut]{Title: "For a web page", In: escapeIn{Text: `<b> & "c"`, For: "html"}, Out: textOut{Text: "&lt;b&gt; &amp; &#34;c&#34;"}},
		node.Example[escapeIn, textOut]{Title: "For a command line", In: escapeIn{Text: "it's; rm", For: "shell"}, Out: textOut{Text: `'it'\''s; rm'`}},
		node.Example[escapeIn, textOut]{Title: "For an address", In: escapeIn{Text: "a b&c=é", For: "url"}, Out: textOut{Text: "a%20b%26c%3D%C3%A9"}},
	)
	register("text.unescape", "Unescape text", "Undoes text.escape: turns &amp;amp; into &amp;, %20 into a blank, and so on.",
		unescape,
		node.Example[escapeIn, textOut]{Title: "From a web page", In: escapeIn{Text: "Fish &amp; Chips &euro;5", For: "html"}, Out: textOut{Text: "Fish & Chips €5"}},
		node.Example[escapeIn, textOut]{Title: "From a CSV cell", In: escapeIn{Text: `"a ""b"", c"`, For: "csv"}, Out: textOut{Text: `a "b", c`}},
	)
}

type escapeIn struct {
	Text string `json:"text" is:"required" doc:"Text to change."`
	For  string `json:"for" is:"required" enum:"html,url,url_query,json,csv,regex,shell,sql" doc:"Where the text stands: html; url, a part of a path; url_query, a value of a query, where blanks are +; json, inside of quotes; csv, a cell, quoted when needed; regex; shell, one word of a POSIX shell; sql, inside of single quotes."`
}

func escape(in escapeIn) (string, error) {
	s := in.Text
	switch in.For {
	case "html":
		return html.EscapeString(s), nil
	case "url":
		return strings.ReplaceAll(url.QueryEscape(s), "+", "%20"), nil
	case "url_query":
		return url.QueryEscape(s), nil
	case "json":
		b, err := value.JSON(s)
		if err != nil {
			return "", err
		}
		return string(b[1 : len(b)-1]), nil
	case "csv":
		if strings.ContainsAny(s, "\",;\t\r\n") || strings.TrimSpace(s) != s {
			return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`, nil
		}
		return s, nil
	case "regex":
		return regexp.QuoteMeta(s), nil
	case "sql":
		return strings.ReplaceAll(s, "'", "''"), nil
	}
	if strings.ContainsRune(s, 0) {
		return "", node.Failf(node.KindInput, "the text holds a zero byte, which no command line can hold")
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'", nil
}

func unescape(in escapeIn) (string, error) {
	s := in.Text
	switch in.For {
	case "html":
		return html.UnescapeString(s), nil
	case "url", "url_query":
		f := url.PathUnescape
		if in.For == "url_query" {
			f = url.QueryUnescape
		}
		out, err := f(s)
		if err != nil {
			return "", node.Fail(node.KindInput, "the text is not escaped for an address: "+err.Error(), "each % must be followed by two hexadecimal digits")
		}
		return utf8Only(out)
	case "json":
		v, err := value.Parse([]byte(`"` + s + `"`))
		out, ok := v.(string)
		if err != nil || !ok {
			return "", node.Fail(node.KindInput, "the text is not the inside of a JSON string", "read whole JSON values with json.parse")
		}
		return out, nil
	case "csv":
		if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
			return strings.ReplaceAll(s[1:len(s)-1], `""`, `"`), nil
		}
		return s, nil
	case "regex":
		return unquoteMeta(s), nil
	case "sql":
		return strings.ReplaceAll(s, "''", "'"), nil
	}
	return unshell(s)
}

// unquoteMeta drops the backslash before each sign that stands for itself.
func unquoteMeta(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && strings.IndexByte(`\.+*?()|[]{}^$`, s[i+1]) >= 0 {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// unshell reads one word of a POSIX shell, without expansions.
func unshell(s string) (string, error) {
	var b strings.Builder
	quote := byte(0)
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case quote == '\'' && c != '\'':
			b.WriteByte(c)
		case c == '\\' && i+1 < len(s):
			i++
			if quote == '"' && strings.IndexByte("\"\\$`", s[i]) < 0 {
				b.WriteByte('\\')
			}
			b.WriteByte(s[i])
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
		default:
			b.WriteByte(c)
		}
	}
	if quote != 0 {
		return "", node.Failf(node.KindInput, "a quote of the shell word is not closed")
	}
	return b.String(), nil
}
