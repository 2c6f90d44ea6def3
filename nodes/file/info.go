package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[existsIn, existsOut]{
		Type:   "file.exists",
		Title:  "Check whether file exists",
		Doc:    "Tells whether a file or folder is there. A path outside the folders that the flow may use is an error, not a no.",
		Effect: node.Read,
		Examples: []node.Example[existsIn, existsOut]{{
			Title: "Look for a file",
			Files: map[string]string{"a.txt": ""},
			In:    existsIn{Path: "a.txt", Kind: "file"},
			Out:   existsOut{Exists: true, Kind: "file"},
		}, {
			Title: "A folder is not a file",
			Files: map[string]string{"dir/a.txt": ""},
			In:    existsIn{Path: "dir", Kind: "file"},
			Out:   existsOut{Exists: false, Kind: "folder"},
		}},
		Run: func(_ context.Context, env *node.Env, in existsIn) (existsOut, error) {
			info, err := env.Files.Stat(in.Path)
			if errors.Is(err, fs.ErrNotExist) {
				return existsOut{}, nil
			}
			if err != nil {
				return existsOut{}, tell(err, "looking for "+in.Path, in.Path)
			}
			kind := kindOf(info.Mode())
			return existsOut{Exists: in.Kind == "any" || in.Kind == kind, Kind: kind}, nil
		},
	})
	node.Register(node.Spec[infoIn, infoOut]{
		Type:   "file.info",
		Title:  "Get file info",
		Doc:    "Tells the size, time, rights and type of a file or folder. The type (MIME) is judged by content first and by extension where the content leaves it open.",
		Effect: node.Read,
		Examples: []node.Example[infoIn, infoOut]{{
			Title: "Look at a PDF",
			Files: map[string]string{"in/Report.PDF": "%PDF-1.7\n"},
			In:    infoIn{Path: "in/Report.PDF"},
			Check: func(o infoOut) error {
				if o.Name != "Report.PDF" || o.Extension != ".pdf" || o.Stem != "Report" || o.Size != 9 || o.MIME != "application/pdf" || o.Kind != "file" {
					return fmt.Errorf("got %+v", o)
				}
				return nil
			},
		}, {
			Title: "Look at a folder",
			Files: map[string]string{"v1.2/a": ""},
			In:    infoIn{Path: "v1.2"},
			Check: func(o infoOut) error {
				if o.Kind != "folder" || o.Stem != "v1.2" || o.MIME != "" {
					return fmt.Errorf("got %+v", o)
				}
				return nil
			},
		}},
		Run: info,
	})
}

type existsIn struct {
	Path string `json:"path" is:"required" widget:"file" doc:"File or folder to look for."`
	Kind string `json:"kind" default:"any" enum:"any,file,folder" doc:"What it must be."`
}

type existsOut struct {
	Exists bool   `json:"exists" doc:"Whether it is there and of the right kind."`
	Kind   string `json:"kind" doc:"What is there: file, folder, other, or empty for nothing."`
}

type infoIn struct {
	Path string `json:"path" is:"required" widget:"file" doc:"File or folder to look at."`
}

type infoOut struct {
	Path      string `json:"path" doc:"Absolute path, links resolved."`
	Folder    string `json:"folder" doc:"Absolute path of the folder it is in."`
	Name      string `json:"name" doc:"Name with extension."`
	Stem      string `json:"stem" doc:"Name without extension."`
	Extension string `json:"extension" doc:"Extension in lower case with its dot, or empty."`
	Kind      string `json:"kind" doc:"What it is: file, folder or other."`
	Size      int    `json:"size" doc:"Size in bytes; 0 for folders, see file.folder_size."`
	Modified  string `json:"modified" doc:"Time of the last change in UTC."`
	Mode      string `json:"mode" doc:"Rights in octal digits, such as 0644."`
	ReadOnly  bool   `json:"read_only" doc:"Whether the file is marked as read-only."`
	MIME      string `json:"mime" doc:"Type of the content, such as application/pdf; empty for folders."`
	Link      bool   `json:"link" doc:"Whether the path itself is a link."`
}

func info(_ context.Context, env *node.Env, in infoIn) (infoOut, error) {
	st, err := env.Files.Stat(in.Path)
	if err != nil {
		return infoOut{}, tell(err, "looking at "+in.Path, in.Path)
	}
	abs := absolute(env, in.Path)
	out := infoOut{
		Path: abs, Folder: filepath.Dir(abs), Name: filepath.Base(abs), Kind: kindOf(st.Mode()),
		Modified: stamp(st.ModTime()), Mode: fmt.Sprintf("%04o", st.Mode().Perm()), ReadOnly: st.Mode().Perm()&0o200 == 0,
	}
	out.Stem = out.Name
	if l, err := env.Files.Lstat(in.Path); err == nil {
		out.Link = l.Mode()&fs.ModeSymlink != 0
	}
	if out.Kind != "file" {
		return out, nil
	}
	out.Size = int(st.Size())
	out.Stem, out.Extension = splitName(out.Name)
	out.Extension = strings.ToLower(out.Extension)
	out.MIME, err = mimeOf(env, in.Path, out.Extension)
	return out, err
}

// types are those that content alone does not show: text and packed formats.
// The table of the system is not asked, since it differs between machines.
var types = map[string]string{
	".csv": "text/csv", ".tsv": "text/tab-separated-values", ".json": "application/json", ".jsonl": "application/jsonl", ".xml": "text/xml",
	".html": "text/html", ".htm": "text/html", ".css": "text/css", ".js": "text/javascript", ".md": "text/markdown", ".txt": "text/plain",
	".yaml": "application/yaml", ".yml": "application/yaml", ".toml": "application/toml", ".svg": "image/svg+xml", ".ics": "text/calendar",
	".vcf": "text/vcard", ".eml": "message/rfc822", ".rtf": "application/rtf", ".sql": "application/sql", ".log": "text/plain", ".ini": "text/plain",
	".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
	".xlsm": "application/vnd.ms-excel.sheet.macroenabled.12",
	".odt":  "application/vnd.oasis.opendocument.text", ".ods": "application/vnd.oasis.opendocument.spreadsheet", ".odp": "application/vnd.oasis.opendocument.presentation",
	".doc": "application/msword", ".xls": "application/vnd.ms-excel", ".ppt": "application/vnd.ms-powerpoint", ".msg": "application/vnd.ms-outlook",
	".epub": "application/epub+zip", ".jar": "application/java-archive", ".apk": "application/vnd.android.package-archive",
	".tar": "application/x-tar", ".7z": "application/x-7z-compressed", ".tif": "image/tiff", ".tiff": "image/tiff", ".heic": "image/heic",
	".mp3": "audio/mpeg", ".mp4": "video/mp4", ".parquet": "application/vnd.apache.parquet",
}

// mimeOf judges by content; where that says only text, packed or unknown, the
// extension decides.
func mimeOf(env *node.Env, path, ext string) (string, error) {
	f, _, err := openFile(env, path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	head := make([]byte, 512)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", tell(err, "reading "+path, path)
	}
	return mimeOfContent(head[:n], ext), nil
}

func mimeOfContent(head []byte, ext string) string {
	seen, _, _ := strings.Cut(http.DetectContentType(head), ";")
	switch seen {
	case "text/plain", "application/zip", "application/octet-stream", "text/xml", "application/x-gzip":
		if t := types[ext]; t != "" {
			return t
		}
	}
	return seen
}
