package file

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/joho/godotenv"
	"github.com/pelletier/go-toml/v2"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[settingsIn, settingsOut]{
		Type:   "file.read_ini",
		Title:  "Read INI file",
		Doc:    "Reads an INI file as a map of sections, each a map of text. What stands before the first section is in the section with the empty name. Lines beginning with ; or # are comments; quotes around a value are removed; a key given twice keeps its last value. Names keep their case.",
		Effect: node.Read,
		Examples: []node.Example[settingsIn, settingsOut]{{
			Title: "Read settings of a program",
			Files: map[string]string{"a.ini": "; set by hand\nlang=de\n[Server]\nHost = \"db 1\"\nPort: 80\n"},
			In:    settingsIn{Path: "a.ini"},
			Out:   settingsOut{Value: map[string]any{"": map[string]any{"lang": "de"}, "Server": map[string]any{"Host": "db 1", "Port": "80"}}},
		}},
		Run: settings(parseINI),
	})
	node.Register(node.Spec[settingsIn, settingsOut]{
		Type:   "file.read_env",
		Title:  "Read .env file",
		Doc:    "Reads a file of NAME=value lines as a map of text. Quotes, comments, export and references to names above (${NAME}) are understood; the environment of this machine is not used. The values become part of the run's record, so keep secrets in the vault.",
		Effect: node.Read,
		Examples: []node.Example[settingsIn, settingsOut]{{
			Title: "Read variables",
			Files: map[string]string{".env": "# for tests\nexport HOST=db\nURL=\"http://${HOST}/x\"\nRAW='$HOST'\n"},
			In:    settingsIn{Path: ".env"},
			Out:   settingsOut{Value: map[string]any{"HOST": "db", "URL": "http://db/x", "RAW": "$HOST"}},
		}},
		Run: settings(parseEnv),
	})
	node.Register(node.Spec[settingsIn, settingsOut]{
		Type:   "file.read_toml",
		Title:  "Read TOML file",
		Doc:    "Reads a TOML file as a map. Dates and times become ISO 8601 text.",
		Effect: node.Read,
		Examples: []node.Example[settingsIn, settingsOut]{{
			Title: "Read a configuration",
			Files: map[string]string{"a.toml": "name = \"x\"\n[server]\nport = 80\nsince = 2026-01-31\n"},
			In:    settingsIn{Path: "a.toml"},
			Out:   settingsOut{Value: map[string]any{"name": "x", "server": map[string]any{"port": 80, "since": "2026-01-31"}}},
		}},
		Run: settings(parseTOML),
	})
}

type settingsIn struct {
	Path     string `json:"path" is:"required" widget:"file" doc:"File to read, at most 16 MiB."`
	Encoding string `json:"encoding" default:"auto" is:"advanced" doc:"How the file encodes characters: auto, or a name like utf-8 or windows-1252."`
}

type settingsOut struct {
	Value map[string]any `json:"value" doc:"Content of the file."`
}

func settings(parse func(path, text string) (map[string]any, error)) func(context.Context, *node.Env, settingsIn) (settingsOut, error) {
	return func(ctx context.Context, env *node.Env, in settingsIn) (settingsOut, error) {
		s, err := readText(ctx, env, readTextIn{Path: in.Path, Encoding: in.Encoding, MaxSize: 16 << 20})
		if err != nil {
			return settingsOut{}, err
		}
		v, err := parse(in.Path, s.Text)
		return settingsOut{Value: v}, err
	}
}

func parseINI(path, text string) (map[string]any, error) {
	out := map[string]any{}
	section := ""
	put := func(k, v string) {
		m, ok := out[section].(map[string]any)
		if !ok {
			m = map[string]any{}
			out[section] = m
		}
		if k != "" {
			m[k] = v
		}
	}
	for i, line := range strings.Split(newlines(text, "\n"), "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == ';' || line[0] == '#':
		case line[0] == '[':
			end := strings.IndexByte(line, ']')
			if end < 0 {
				return nil, input("close the name of the section", "%s, line %d: the section has no ]", path, i+1)
			}
			section = strings.TrimSpace(line[1:end])
			put("", "")
		default:
			at := strings.IndexAny(line, "=:")
			if at == 0 {
				return nil, input("write name = value", "%s, line %d has no name", path, i+1)
			}
			if at < 0 {
				put(line, "") // a name alone is a switch
				continue
			}
			put(strings.TrimSpace(line[:at]), iniValue(strings.TrimSpace(line[at+1:])))
		}
	}
	return out, nil
}

// iniValue takes quotes off, or a comment that follows a blank.
func iniValue(s string) string {
	if len(s) > 1 && (s[0] == '"' || s[0] == '\'') {
		if end := strings.IndexByte(s[1:], s[0]); end >= 0 {
			return s[1 : end+1]
		}
	}
	for _, c := range []string{" ;", "\t;", " #", "\t#"} {
		if i := strings.Index(s, c); i >= 0 {
			s = strings.TrimSpace(s[:i])
		}
	}
	return s
}

func parseEnv(path, text string) (map[string]any, error) {
	m, err := godotenv.Unmarshal(text)
	if err != nil {
		// The error of the parser quotes the line, which may hold a secret.
		return nil, input("write lines like NAME=value", "%s is not a valid .env file", path)
	}
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out, nil
}

func parseTOML(path, text string) (map[string]any, error) {
	var m map[string]any
	err := toml.Unmarshal([]byte(text), &m)
	var bad *toml.DecodeError
	if errors.As(err, &bad) {
		row, _ := bad.Position()
		return nil, input("correct the file", "%s, line %d is not valid TOML: %v", path, row, err)
	}
	if err != nil {
		return nil, input("correct the file", "%s is not valid TOML: %v", path, err)
	}
	v, err := value.Normalize(plain(m))
	if err != nil {
		return nil, input("leave out what a flow cannot hold", "%s cannot be read: %v", path, err)
	}
	out, _ := v.(map[string]any)
	if out == nil {
		out = map[string]any{}
	}
	return out, nil
}

// plain turns the dates of TOML into text.
func plain(v any) any {
	switch x := v.(type) {
	case map[string]any:
		for k, e := range x {
			x[k] = plain(e)
		}
	case []any:
		for i, e := range x {
			x[i] = plain(e)
		}
	case time.Time:
		return x.Format(time.RFC3339Nano)
	case toml.LocalDate, toml.LocalTime, toml.LocalDateTime:
		return fmt.Sprint(x)
	}
	return v
}
