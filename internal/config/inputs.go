package config

import (
	"errors"
	"io/fs"
	"path/filepath"
	"runtime"
)

// Inputs is all that Load knows of the world besides the files it reads.
type Inputs struct {
	// Flags are the values of the flags that were given, by name without dashes (see Key.Flag).
	Flags map[string]string
	// Env looks a variable up, as os.LookupEnv does; nil is an empty environment.
	Env func(string) (string, bool)
	// Dir is the absolute current folder. aether.yaml is looked for in Dir, then in its parents as
	// far as Home; outside Home only in Dir. .env and the DBOS file are looked for where aether.yaml
	// is, or in Dir if there is none.
	Dir string
	// File is the value of --config: the aether.yaml to read, instead of looking for one. AETHER_CONFIG
	// in the environment does the same.
	File string
	// Home is the user's home folder; if empty, HOME or USERPROFILE of Env.
	Home string
	// TempDir is the system's temporary folder; if empty, TMPDIR, TMP or TEMP of Env, else /tmp.
	TempDir string
	// GOOS chooses the platform's usual places; if empty, the platform this was built for.
	GOOS string
}

// withDefaults fills what the caller left empty.
func (in Inputs) withDefaults() Inputs {
	if in.Env == nil {
		in.Env = func(string) (string, bool) { return "", false }
	}
	first := func(value string, names ...string) string {
		for _, name := range names {
			if value == "" {
				value, _ = in.Env(name)
			}
		}
		return value
	}
	in.Home = first(in.Home, "HOME", "USERPROFILE")
	in.TempDir = first(in.TempDir, "TMPDIR", "TMP", "TEMP")
	if in.TempDir == "" {
		in.TempDir = "/tmp"
	}
	if in.GOOS == "" {
		in.GOOS = runtime.GOOS
	}
	in.File = first(in.File, "AETHER_CONFIG")
	return in
}

// entry is a value as one source has it.
type entry struct {
	yamlValue
	source string
	base   string // what relative paths are relative to
	expand bool   // ${NAME} is replaced: in files, and always in connection strings
}

// loader holds the sources while Load puts them together.
type loader struct {
	in       Inputs
	dir      string // where the files are
	dotenv   map[string]line
	envName  string    // how .env is called in sources
	file     *yamlFile // aether.yaml; never nil
	dbos     []*yamlFile
	problems []Problem
}

// newLoader finds and reads the files.
func newLoader(in Inputs) *loader {
	l := &loader{in: in, dir: projectDir(in.Dir, in.Home)}
	if in.File != "" {
		path := in.File
		if !filepath.IsAbs(path) {
			path = filepath.Join(in.Dir, path)
		}
		l.dir = filepath.Dir(path)
		l.file = l.readYAML(path)
		if l.file == nil {
			l.complain(path, "", bad("is named by --config or AETHER_CONFIG, but is not there", "Correct the path, or write the file with `aether config init`"))
		}
	} else {
		l.file = l.readYAML(filepath.Join(l.dir, "aether.yaml"))
		if other := l.readYAML(filepath.Join(l.dir, "aether.yml")); other != nil {
			if l.file != nil {
				l.complain(other.name, "", bad("is there besides aether.yaml, and only one can apply", "Move what you need to aether.yaml and remove aether.yml"))
			} else {
				l.file = other
			}
		}
	}
	if l.file == nil {
		l.file = &yamlFile{}
	}
	path := filepath.Join(l.dir, ".env")
	l.envName = l.display(path)
	switch text, err := readText(path); {
	case err == nil:
		var problems []Problem
		l.dotenv, problems = parseDotenv(l.envName, text)
		l.problems = append(l.problems, problems...)
	case !errors.Is(err, fs.ErrNotExist):
		l.complain(l.envName, "", err)
	}
	for _, name := range []string{"dbos-config.yaml", "dbos.yaml"} {
		if f := l.readYAML(filepath.Join(l.dir, name)); f != nil {
			l.dbos = append(l.dbos, f)
		}
	}
	return l
}

// readYAML returns nil if there is no such file.
func (l *loader) readYAML(path string) *yamlFile {
	name := l.display(path)
	text, err := readText(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		l.complain(name, "", err)
		return &yamlFile{name: name}
	}
	f, problems := parseYAML(name, filepath.Dir(path), text)
	l.problems = append(l.problems, problems...)
	return f
}

// display returns the bare name of a file in the current folder, and the whole path of another.
func (l *loader) display(path string) string {
	if filepath.Dir(path) == filepath.Clean(l.in.Dir) {
		return filepath.Base(path)
	}
	return path
}

// lookup finds a variable in the environment, then in .env. An empty one is an unset one.
func (l *loader) lookup(name string) (string, bool) {
	value, _, ok := l.variable(name)
	return value, ok
}

func (l *loader) variable(name string) (value, source string, ok bool) {
	if value, ok := l.in.Env(name); ok && value != "" {
		return value, "environment " + name, true
	}
	if v := l.dotenv[name]; v.text != "" {
		return v.text, at(l.envName, v.no), true
	}
	return "", "", false
}

// complain keeps a problem. Errors of this package's parsers carry their own remedy.
func (l *loader) complain(source, key string, err error) {
	p := Problem{Source: source, Key: key, Message: err.Error()}
	if b, ok := errors.AsType[*badValue](err); ok {
		p.Message, p.Remedy = b.message, b.remedy
	}
	l.problems = append(l.problems, p)
}
