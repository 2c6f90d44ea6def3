package web

import (
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/aether-rpa/aether/node"
)

// given are the absolute paths of files that a flow may read.
func given(env *node.Env, files []string) ([]string, error) {
	out := make([]string, len(files))
	for i, f := range files {
		info, err := env.Files.Stat(f)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, node.Fail(node.KindNotFound, f+" does not exist", "check the path; relative paths start in the flow's working folder")
		case err != nil:
			return nil, err
		case !info.Mode().IsRegular():
			return nil, node.Fail(node.KindInput, f+" is no file", "give the path of a file")
		}
		if out[i], err = env.Files.Abs(f); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// target is the path of a file to write: to itself, or below it the name, where to is a folder or ends like one.
func target(env *node.Env, to, name string) (string, error) {
	info, err := env.Files.Stat(to)
	switch {
	case err == nil && info.IsDir(), strings.HasSuffix(to, "/"), strings.HasSuffix(to, string(filepath.Separator)):
		return path.Join(filepath.ToSlash(to), name), nil
	case err == nil || errors.Is(err, fs.ErrNotExist):
		return to, nil
	}
	return "", err
}

// maxName bounds the name of a file, in bytes.
const maxName = 180

// safe is a name that a server suggests for a file, without what leads elsewhere or what a system cannot hold.
func safe(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || strings.ContainsRune(`<>:"|?*`, r) || r == unicode.ReplacementChar {
			return '_'
		}
		return r
	}, name)
	name = strings.Trim(name, ". ")
	if ext := filepath.Ext(name); len(name) > maxName && len(ext) < 20 {
		name = strings.ToValidUTF8(name[:maxName-len(ext)], "") + ext
	} else if len(name) > maxName {
		name = strings.ToValidUTF8(name[:maxName], "")
	}
	if name == "" {
		return "download"
	}
	return name
}
