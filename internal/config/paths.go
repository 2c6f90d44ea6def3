package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// Limits a mistake, such as --config given a database file.
const maxFileSize = 1 << 20

// parsePath returns the absolute form of a path; ~ is the home folder, relative ones start at base.
func parsePath(g given, p string) (string, error) {
	if p == "~" || strings.HasPrefix(p, "~/") || strings.HasPrefix(p, `~\`) {
		if g.home == "" {
			return "", bad("starts with ~, but the home folder is not known", "Write the whole path")
		}
		p = filepath.Join(g.home, p[1:])
	}
	if strings.ContainsRune(p, 0) {
		return "", bad("holds a zero byte", "Write the path again")
	}
	if !filepath.IsAbs(p) {
		p = filepath.Join(g.base, p)
	}
	return filepath.Clean(p), nil
}

// parseDir is parsePath for a folder that will be written to. It need not exist yet.
func parseDir(g given) (string, error) {
	p, err := parsePath(g, g.text)
	if err != nil {
		return "", err
	}
	if info, err := os.Stat(p); err == nil && !info.IsDir() {
		return "", bad("is "+quote(g.written)+", which is a file", "Name a folder; it is made if it is not there")
	}
	return p, nil
}

func parsePaths(g given) ([]string, error) {
	paths := make([]string, 0, len(g.items))
	for _, item := range g.items {
		p, err := parsePath(g, item)
		if err != nil {
			return nil, err
		}
		if strings.ContainsAny(item, "*?") {
			return nil, bad("has an entry with a wildcard", "List folders; all below them is included")
		}
		paths = append(paths, p)
	}
	return paths, nil
}

// defaultDataDir returns the platform's usual place for an application's data, or "" if unknown.
func defaultDataDir(in Inputs) string {
	env := func(name string) string {
		v, _ := in.Env(name)
		return v
	}
	under := func(parts ...string) string {
		if parts[0] == "" {
			return ""
		}
		return filepath.Join(parts...)
	}
	switch in.GOOS {
	case "windows":
		if dir := env("LOCALAPPDATA"); dir != "" {
			return filepath.Join(dir, "aether")
		}
		if dir := env("LocalAppData"); dir != "" {
			return filepath.Join(dir, "aether")
		}
		return under(in.Home, "AppData", "Local", "aether")
	case "darwin":
		return under(in.Home, "Library", "Application Support", "aether")
	}
	// A relative XDG_DATA_HOME is to be ignored, says the XDG specification.
	if dir := env("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "aether")
	}
	return under(in.Home, ".local", "share", "aether")
}

// projectDir returns the folder with the aether.yaml that applies: dir or the nearest parent up to
// the home folder. Outside home only dir counts, since anyone may have put a file in, say, /tmp.
func projectDir(dir, home string) string {
	for d := dir; ; d = filepath.Dir(d) {
		for _, name := range []string{"aether.yaml", "aether.yml"} {
			if _, err := os.Lstat(filepath.Join(d, name)); err == nil {
				return d
			}
		}
		if d == home || !within(home, d) {
			return dir
		}
	}
}

func within(parent, child string) bool {
	if parent == "" {
		return false
	}
	rel, err := filepath.Rel(parent, child)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// readText returns a small UTF-8 file with \n line ends and no byte order mark. The error is for a
// Problem and does not repeat the content.
func readText(path string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", err
	case err != nil:
		return "", bad("cannot be read: "+cause(err), "Make it readable for the user that runs Aether, or remove it")
	case info.IsDir():
		return "", bad("is a folder, but a file is expected", "Move the folder away or put a file in its place")
	case !info.Mode().IsRegular():
		return "", bad("is not a regular file", "Put a text file in its place")
	case info.Size() > maxFileSize:
		return "", bad("is larger than 1 MiB", "Check that it is the file you meant")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", bad("cannot be read: "+cause(err), "Make it readable for the user that runs Aether, or remove it")
	}
	text := strings.TrimPrefix(string(data), "\ufeff")
	if strings.HasPrefix(text, "\xff\xfe") || strings.HasPrefix(text, "\xfe\xff") {
		return "", bad("is saved as UTF-16", "Save it as UTF-8")
	}
	if !utf8.ValidString(text) {
		valid := len(text)
		for i, r := range text {
			if _, size := utf8.DecodeRuneInString(text[i:]); r == utf8.RuneError && size == 1 {
				valid = i
				break
			}
		}
		return "", bad(fmt.Sprintf("is not UTF-8 text in line %d", strings.Count(text[:valid], "\n")+1), "Save it as UTF-8")
	}
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), nil
}

// cause strips the path that the os package repeats.
func cause(err error) string {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err.Error()
	}
	return err.Error()
}
