package file

import (
	"context"
	"path"
	"strings"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[joinIn, joinOut]{
		Type:   "file.path_join",
		Title:  "Join path",
		Doc:    "Joins the parts of a path and tidies it up: a/b + ../c is a/c. The result is the same on every system; paths with / work on Windows too. Nothing on the disk is looked at.",
		Effect: node.Pure,
		Examples: []node.Example[joinIn, joinOut]{{
			Title: "A file in a folder",
			In:    joinIn{Parts: []string{"reports", "2026", "jan.pdf"}},
			Out:   joinOut{Path: "reports/2026/jan.pdf"},
		}, {
			Title: "A Windows path",
			In:    joinIn{Parts: []string{`C:\data\in`, `..\out`, "a.txt"}, Style: "windows"},
			Out:   joinOut{Path: `C:\data\out\a.txt`},
		}},
		Run: func(_ context.Context, _ *node.Env, in joinIn) (joinOut, error) {
			return joinOut{Path: joinPath(in.Parts, in.Style == "windows")}, nil
		},
	})
	node.Register(node.Spec[partsIn, partsOut]{
		Type:   "file.path_parts",
		Title:  "Split path",
		Doc:    "Takes a path apart into folder, name, stem and extension. Both / and \\ separate folders. Nothing on the disk is looked at.",
		Effect: node.Pure,
		Examples: []node.Example[partsIn, partsOut]{{
			Title: "A report",
			In:    partsIn{Path: "reports/2026/Jan.PDF"},
			Out:   partsOut{Folder: "reports/2026", Name: "Jan.PDF", Stem: "Jan", Extension: ".pdf", Parts: []string{"reports", "2026", "Jan.PDF"}},
		}, {
			Title: "A Windows path without extension",
			In:    partsIn{Path: `C:\data\.config`},
			Out:   partsOut{Folder: `C:\data`, Name: ".config", Stem: ".config", Parts: []string{"C:", "data", ".config"}, Absolute: true},
		}},
		Run: func(_ context.Context, _ *node.Env, in partsIn) (partsOut, error) { return splitPath(in.Path), nil },
	})
	node.Register(node.Spec[changeIn, joinOut]{
		Type:   "file.path_change",
		Title:  "Change path",
		Doc:    "Replaces parts of a path: its folder, its name without extension, or its extension. Nothing on the disk is changed.",
		Effect: node.Pure,
		Examples: []node.Example[changeIn, joinOut]{{
			Title: "The PDF beside a document",
			In:    changeIn{Path: "in/letter.docx", Extension: "pdf"},
			Out:   joinOut{Path: "in/letter.pdf"},
		}, {
			Title: "A copy in another folder with an addition to the name",
			In:    changeIn{Path: "in/letter.docx", Folder: "out", Suffix: "-signed"},
			Out:   joinOut{Path: "out/letter-signed.docx"},
		}},
		Check: func(in changeIn) error {
			if strings.ContainsAny(in.Stem+in.Suffix+in.Extension, `/\`) {
				return input("use folder for the folder", "stem, suffix and extension must not hold a folder")
			}
			return nil
		},
		Run: changePath,
	})
}

type joinIn struct {
	Parts []string `json:"parts" is:"required" doc:"Parts to join; empty ones are left out. An absolute part begins anew."`
	Style string   `json:"style" default:"slash" enum:"slash,windows" doc:"Separator of the result: slash (/) or windows (\\)."`
}

type joinOut struct {
	Path string `json:"path" doc:"The path."`
}

func isAbsPath(p string) bool {
	return strings.HasPrefix(p, "/") || len(p) >= 3 && p[1] == ':' && (p[2] == '/' || p[2] == '\\') || strings.HasPrefix(p, `\\`)
}

// joinPath joins without asking which system this is.
func joinPath(parts []string, windows bool) string {
	joined := ""
	for _, p := range parts {
		switch {
		case p == "":
		case joined == "" || isAbsPath(p):
			joined = p
		default:
			joined = strings.TrimSuffix(strings.TrimSuffix(joined, "/"), `\`) + "/" + p
		}
	}
	if joined == "" {
		return ""
	}
	// A backslash separates only where the path shows that it is of Windows.
	if windows || isAbsPath(joined) && !strings.HasPrefix(joined, "/") {
		joined = strings.ReplaceAll(joined, `\`, "/")
	}
	volume := ""
	switch {
	case len(joined) >= 2 && joined[1] == ':':
		volume, joined = joined[:2], joined[2:]
	case strings.HasPrefix(joined, "//"):
		volume, joined = "/", joined[1:]
	}
	if joined != "" || volume == "" {
		joined = path.Clean(joined)
	}
	joined = volume + joined
	if windows {
		joined = strings.ReplaceAll(joined, "/", `\`)
	}
	return joined
}

type partsIn struct {
	Path string `json:"path" is:"required" doc:"Path to take apart."`
}

type partsOut struct {
	Folder    string   `json:"folder" doc:"Everything before the name, without the last separator; empty if there is none."`
	Name      string   `json:"name" doc:"Name with extension."`
	Stem      string   `json:"stem" doc:"Name without extension."`
	Extension string   `json:"extension" doc:"Extension in lower case with its dot, or empty."`
	Parts     []string `json:"parts" doc:"Names of the folders and the file, in order."`
	Absolute  bool     `json:"absolute" doc:"Whether the path begins at the root of a disk or a share."`
}

func splitPath(p string) partsOut {
	out := partsOut{Absolute: isAbsPath(p), Parts: strings.FieldsFunc(p, func(r rune) bool { return r == '/' || r == '\\' })}
	trimmed := strings.TrimRight(p, `/\`)
	i := strings.LastIndexAny(trimmed, `/\`)
	out.Name = trimmed[i+1:]
	if i >= 0 {
		out.Folder = strings.TrimRight(trimmed[:i], `/\`)
		if out.Folder == "" {
			out.Folder = trimmed[:i+1]
		}
	}
	out.Stem, out.Extension = splitName(out.Name)
	out.Extension = strings.ToLower(out.Extension)
	return out
}

type changeIn struct {
	Path      string `json:"path" is:"required" doc:"Path to start from."`
	Folder    string `json:"folder" doc:"New folder; empty keeps it."`
	Stem      string `json:"stem" doc:"New name without extension; empty keeps it."`
	Suffix    string `json:"suffix" doc:"Text to add to the name before the extension."`
	Extension string `json:"extension" doc:"New extension, with or without its dot; empty keeps it, a single dot removes it."`
}

func changePath(_ context.Context, _ *node.Env, in changeIn) (joinOut, error) {
	p := splitPath(in.Path)
	stem, ext := splitName(p.Name)
	if in.Stem != "" {
		stem = in.Stem
	}
	if in.Extension != "" {
		ext = "." + strings.TrimPrefix(in.Extension, ".")
		if ext == "." {
			ext = ""
		}
	}
	folder := p.Folder
	if in.Folder != "" {
		folder = strings.TrimRight(in.Folder, `/\`)
		if folder == "" {
			folder = in.Folder[:1]
		}
	}
	sep := "/"
	if base := folder; strings.Contains(base, `\`) && !strings.Contains(base, "/") {
		sep = `\`
	}
	name := stem + in.Suffix + ext
	if folder == "" {
		return joinOut{Path: name}, nil
	}
	if strings.HasSuffix(folder, sep) {
		sep = ""
	}
	return joinOut{Path: folder + sep + name}, nil
}
