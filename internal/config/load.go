package config

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Load reads all sources and returns the configuration with the origin of every value. If anything
// is wrong the Config is nil and the error is an *Error that lists every problem; the values that
// could be read are still returned.
func Load(in Inputs) (*Config, []Value, error) {
	l := newLoader(in.withDefaults())
	keys := Keys()
	l.checkNames(keys)
	c := &Config{dotenv: func(name string) (string, bool) {
		v, ok := l.dotenv[name]
		return v.text, ok && v.text != ""
	}}
	var values []Value
	for _, k := range keys {
		source, err := l.fill(c, k)
		if err != nil {
			l.complain(source, k.Name, err)
			continue
		}
		values = append(values, Value{Key: k.Name, Display: k.show(c), Source: source, Secret: k.Secret})
	}
	if v, ok := l.dbosLanguage(); ok {
		values = append(values, v)
	}
	if len(l.problems) > 0 {
		return nil, values, &Error{Problems: l.problems}
	}
	return c, values, nil
}

// fill sets one key from the first source that has it.
func (l *loader) fill(c *Config, k Key) (source string, err error) {
	if k.Name == "database.url" {
		return l.fillDatabase(c)
	}
	e, ok := l.find(k)
	if !ok {
		return "default", l.fillDefault(c, k)
	}
	if e.list && !k.List {
		return e.source, bad("is a list, but one value is expected", "Write one value")
	}
	g := given{written: e.text, base: e.base, home: l.in.Home}
	if g.text, err = l.plain(e, e.text); err != nil {
		return e.source, err
	}
	items := e.items
	if k.List && !e.list {
		items = strings.Split(e.text, ",")
	}
	for _, item := range items {
		if item, err = l.plain(e, item); err != nil {
			return e.source, err
		}
		if item != "" {
			g.items = append(g.items, item)
		}
	}
	if err := k.set(c, g); err != nil {
		return e.source, err
	}
	if k.Name == "http.deny" {
		c.HTTP.Deny = denyMetadata(c.HTTP.Deny, c.HTTP.Allow)
	}
	return e.source, nil
}

// plain expands a text that is shown and logged, so no secret may get into it.
func (l *loader) plain(e entry, text string) (string, error) {
	if !e.expand {
		return strings.TrimSpace(text), nil
	}
	refs, err := references(text)
	if err != nil {
		return "", err
	}
	for _, ref := range refs {
		if secretName.MatchString(ref.name) {
			return "", bad("refers to ${"+ref.name+"}, a secret by its name, but is a setting that is shown and logged",
				"Write the value itself; only connection strings may hold secrets")
		}
	}
	text, err = expand(text, l.lookup, nil)
	return strings.TrimSpace(text), err
}

// fillDefault sets a key that no source has.
func (l *loader) fillDefault(c *Config, k Key) error {
	switch k.Name {
	case "data_dir":
		if c.DataDir = defaultDataDir(l.in); c.DataDir == "" {
			return bad("has no default, since the home folder is not known", "Set AETHER_DATA_DIR to a folder that Aether may write")
		}
		return nil
	case "files.roots":
		c.Files.Roots = []string{filepath.Clean(l.in.Dir), c.WorkDir(), filepath.Clean(l.in.TempDir)}
		return nil
	case "http.deny":
		c.HTTP.Deny = denyMetadata(nil, c.HTTP.Allow)
		return nil
	}
	if k.List {
		return k.set(c, given{})
	}
	return k.set(c, given{text: k.Default, written: k.Default})
}

// find returns the first source's entry for a key.
func (l *loader) find(k Key) (entry, bool) {
	if text := strings.TrimSpace(l.in.Flags[k.Flag]); text != "" {
		return entry{yamlValue: yamlValue{text: text}, source: "flag --" + k.Flag, base: l.in.Dir}, true
	}
	names := append([]string{k.Env}, k.Also...)
	for _, name := range names {
		if e, ok := l.fromEnv(name); ok {
			return e, true
		}
	}
	for _, name := range names {
		if e, ok := l.fromDotenv(name); ok {
			return e, true
		}
	}
	if e, ok := fromYAML(l.file, k.Name); ok {
		return e, true
	}
	if k.Name == "app_name" {
		for _, f := range l.dbos {
			if e, ok := fromYAML(f, "name"); ok {
				return e, true
			}
		}
	}
	return entry{}, false
}

func (l *loader) fromEnv(name string) (entry, bool) {
	text, _ := l.in.Env(name)
	return entry{yamlValue: yamlValue{text: text}, source: "environment " + name, base: l.in.Dir}, strings.TrimSpace(text) != ""
}

func (l *loader) fromDotenv(name string) (entry, bool) {
	v := l.dotenv[name]
	return entry{yamlValue: yamlValue{text: v.text, line: v.no}, source: at(l.envName, v.no), base: l.dir}, strings.TrimSpace(v.text) != ""
}

func fromYAML(f *yamlFile, key string) (entry, bool) {
	v, ok := f.values[key]
	return entry{yamlValue: v, source: at(f.name, v.line), base: f.dir, expand: true}, ok && !v.empty
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// checkNames finds keys that nobody reads: a mistyped key would otherwise be a setting that silently
// does not apply.
func (l *loader) checkNames(keys []Key) {
	byName, byFlag, sections := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, k := range keys {
		byName[k.Name], byFlag[k.Flag] = true, true
		if section, _, nested := strings.Cut(k.Name, "."); nested {
			sections[section] = true
		}
	}
	for _, flag := range slices.Sorted(maps.Keys(l.in.Flags)) {
		if !byFlag[flag] {
			l.complain("flag --"+flag, "", bad("is not a setting", "See `aether help` for the flags"))
		}
	}
	var wrong []string
	for _, name := range l.file.order {
		_, isSection := l.file.sections[name]
		isEmpty := l.file.values[name].empty
		source := at(l.file.name, l.file.lines[name])
		switch {
		case byName[name] && isSection:
			l.complain(source, name, bad("is a section, but a value is expected", "Write `"+name[strings.LastIndex(name, ".")+1:]+": VALUE` in one line"))
			wrong = append(wrong, name)
		case byName[name], sections[name] && (isSection || isEmpty):
		case sections[name]:
			l.complain(source, name, bad("is a section, but has a value", "Write its keys below it, indented by two spaces"))
		case under(name, wrong):
		default:
			l.complain(source, "", unknownKey(name, keys))
			wrong = append(wrong, name)
		}
	}
}

// under reports whether a key is inside a section that has been complained of.
func under(name string, wrong []string) bool {
	for _, w := range wrong {
		if strings.HasPrefix(name, w+".") {
			return true
		}
	}
	return false
}

func unknownKey(name string, keys []Key) error {
	remedy := "See docs/configuration.md for the keys"
	if near := nearest(name, keys); near != "" {
		remedy = "Did you mean " + near + "?"
		if section, last, nested := strings.Cut(near, "."); nested && !strings.HasPrefix(name, section+".") {
			remedy += fmt.Sprintf(" Write %s: in the section %s", last, section)
		}
	}
	if !plainName.MatchString(name) {
		return bad("has an unknown key", remedy) // not repeated: it may be a value out of place
	}
	return bad("has the unknown key "+name, remedy)
}
