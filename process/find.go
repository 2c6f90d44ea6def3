package process

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Find returns the path of the program that Run would start for the name, given
// the same environment and working folder. The error is a *NotFoundError.
func Find(name string, env []string, dir string) (string, error) {
	if name == "" {
		return "", &NotFoundError{Name: name, Looked: []string{"nothing, because the name is empty"}}
	}
	exts := extensions(name, env)
	if strings.ContainsRune(name, filepath.Separator) || strings.Contains(name, "/") || filepath.VolumeName(name) != "" {
		p := name
		if !filepath.IsAbs(p) {
			abs, err := filepath.Abs(filepath.Join(dir, p))
			if err != nil {
				return "", &StartError{Path: name, Err: err}
			}
			p = abs
		}
		if found, err := executable(p, exts); err == nil {
			return found, nil
		} else if os.IsPermission(err) {
			return "", &StartError{Path: p, Err: err}
		}
		return "", &NotFoundError{Name: name, Looked: []string{p}}
	}
	var looked []string
	for _, d := range filepath.SplitList(lookup(env, "PATH")) {
		// An empty or relative entry would find programs in whatever folder the
		// flow works in.
		if !filepath.IsAbs(d) {
			continue
		}
		looked = append(looked, d)
		if found, err := executable(filepath.Join(d, name), exts); err == nil {
			return found, nil
		}
	}
	return "", &NotFoundError{Name: name, Looked: looked}
}

// extensions returns the endings to try: only the name itself except on
// Windows.
func extensions(name string, env []string) []string {
	if runtime.GOOS != "windows" {
		return []string{""}
	}
	list := lookup(env, "PATHEXT")
	if list == "" {
		list = ".com;.exe;.bat;.cmd"
	}
	exts := strings.Split(strings.ToLower(list), ";")
	if slices.Contains(exts, strings.ToLower(filepath.Ext(name))) {
		return []string{""}
	}
	return exts
}

func executable(path string, exts []string) (string, error) {
	var err error = fs.ErrNotExist
	for _, ext := range exts {
		info, e := os.Stat(path + ext)
		switch {
		case e != nil:
			err = e
		case info.IsDir():
			err = fs.ErrNotExist
		case runtime.GOOS != "windows" && info.Mode()&0o111 == 0:
			err = &fs.PathError{Op: "exec", Path: path, Err: fs.ErrPermission}
		default:
			return path + ext, nil
		}
	}
	return "", err
}

// lookup returns the last setting of a variable, as a started program sees it.
func lookup(env []string, key string) string {
	for _, kv := range slices.Backward(env) {
		k, v, _ := strings.Cut(kv, "=")
		if k == key || runtime.GOOS == "windows" && strings.EqualFold(k, key) {
			return v
		}
	}
	return ""
}

// withMarker returns env with the marker set to the token. Without a token the
// program is nobody's: it is not the run's either.
func withMarker(env []string, token string) []string {
	out := slices.DeleteFunc(slices.Clone(env), func(kv string) bool {
		return strings.HasPrefix(kv, Marker+"=") || token == "" && strings.HasPrefix(kv, RunMarker+"=")
	})
	if token != "" {
		out = append(out, Marker+"="+token)
	}
	if out == nil {
		out = []string{} // nil would inherit Aether's environment
	}
	return out
}
