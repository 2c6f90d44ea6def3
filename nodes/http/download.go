package httpnode

import (
	"context"
	"crypto/md5"  //nolint:gosec // users compare with sums that others publish
	"crypto/sha1" //nolint:gosec // the same
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[downloadIn, downloadOut]{
		Type:     "http.download",
		Title:    "Download file",
		Doc:      "Downloads a file of any size. It appears under its name only when it is complete and its check sum is right; until then a file that was there before stays. If the connection is cut, the rest is fetched if the service allows it. A folder as target takes the name that the service gives, without any path in it.",
		Effect:   node.Once,
		EffectOf: func(in downloadIn) node.Effect { return in.effect() },
		Examples: []node.Example[downloadIn, downloadOut]{{
			Title: "Download a report into a folder",
			In:    downloadIn{URL: "http://example.com/report?id=7", To: "in/"},
			Serve: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Disposition", `attachment; filename="../Report 7.pdf"`)
				fmt.Fprint(w, "%PDF-")
			}),
			Check: downloaded("Report 7.pdf", 5),
		}, {
			Title: "Check what was downloaded",
			In:    downloadIn{URL: "http://example.com/tool.zip", To: "tool.zip", Hash: "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"},
			Serve: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }),
			Check: downloaded("tool.zip", 5),
		}},
		Check: func(in downloadIn) error {
			if _, _, err := parseHash(in.Hash); err != nil {
				return err
			}
			return in.Auth.check()
		},
		Run: download,
	})
}

func downloaded(name string, size int) func(downloadOut) error {
	return func(o downloadOut) error {
		if filepath.Base(o.Path) != name || o.Size != size || o.SHA256 == "" {
			return fmt.Errorf("got %+v", o)
		}
		return nil
	}
}

type downloadIn struct {
	URL      string `json:"url" is:"required" doc:"Address of the file."`
	To       string `json:"to" is:"required" widget:"file" doc:"File to write, or a folder: an existing one, or with / at its end."`
	IfExists string `json:"if_exists" default:"overwrite" enum:"overwrite,skip,error" doc:"What to do when the file is there already. Skip asks the service only if the name is not known from to."`
	Hash     string `json:"hash" doc:"Check sum that the file must have, such as sha256:2cf2…; also md5, sha1 and sha512."`
	MaxSize  int    `json:"max_size" default:"10737418240" min:"1" doc:"Largest file in bytes."`
	Resumes  int    `json:"resumes" default:"5" min:"0" max:"100" is:"advanced" doc:"How often to fetch the rest after the connection was cut. It needs a service that tells versions apart (ETag or Last-Modified)."`
	options
}

func (in downloadIn) effect() node.Effect {
	if in.IfExists == "error" {
		return node.Once
	}
	return node.Idempotent
}

type downloadOut struct {
	Path        string            `json:"path" doc:"Absolute path of the file."`
	Name        string            `json:"name" doc:"Name of the file."`
	Size        int               `json:"size" doc:"Its size in bytes."`
	SHA256      string            `json:"sha256" doc:"Its SHA-256 check sum; empty if it was skipped."`
	ContentType string            `json:"content_type" doc:"Content type that the service gave."`
	Status      int               `json:"status" doc:"Status of the answer; 0 if nothing was asked."`
	Headers     map[string]string `json:"headers" doc:"Headers of the answer, names in lower case."`
	Written     bool              `json:"written" doc:"False if the file was there already and was left as it is."`
	Resumed     int               `json:"resumed" doc:"How often the connection was cut and the rest fetched."`
}

func parseHash(s string) (newHash func() hash.Hash, want string, err error) {
	if s == "" {
		return nil, "", nil
	}
	kind, sum, ok := strings.Cut(strings.ToLower(strings.TrimSpace(s)), ":")
	kinds := map[string]func() hash.Hash{"md5": md5.New, "sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}
	newHash = kinds[kind]
	if !ok {
		for k, f := range kinds {
			if len(kind) == 2*f().Size() {
				newHash, sum = kinds[k], kind
			}
		}
	}
	if newHash == nil || len(sum) != 2*newHash().Size() {
		return nil, "", input("write it like sha256: followed by hex digits", "%.100q is not a check sum", s)
	}
	if _, err := hex.DecodeString(sum); err != nil {
		return nil, "", input("write it like sha256: followed by hex digits", "%.100q is not a check sum", s)
	}
	return newHash, sum, nil
}

func download(ctx context.Context, env *node.Env, in downloadIn) (downloadOut, error) {
	newHash, want, err := parseHash(in.Hash)
	if err != nil {
		return downloadOut{}, err
	}
	info, err := env.Files.Stat(in.To)
	into := strings.HasSuffix(in.To, "/") || strings.HasSuffix(in.To, string(filepath.Separator)) || err == nil && info.IsDir()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return downloadOut{}, err
	}
	if !into {
		if skip, err := in.there(env, in.To); err != nil || skip != nil {
			return deref(skip), err
		}
	}
	c, err := newCall(ctx, env, in.options, http.MethodGet, in.URL)
	if err != nil {
		return downloadOut{}, err
	}
	defer c.done()
	d := &downloading{call: c, in: in, want: want, sum: sha256.New()}
	if newHash != nil {
		d.check = newHash()
	}
	// The time limit is for an answer to begin and to go on, not for the whole
	// of a large file: each read has it anew.
	var out downloadOut
	err = d.start(ctx, func(ctx context.Context, res *http.Response) error {
		to := in.To
		if into {
			to = filepath.Join(in.To, fileName(res))
			if skip, err := in.there(env, to); err != nil || skip != nil {
				out = deref(skip)
				return err
			}
		}
		out = downloadOut{Name: filepath.Base(to), ContentType: res.Header.Get("Content-Type"), Status: res.StatusCode, Headers: (&response{Response: res}).headers(), Written: true}
		delete(out.Headers, "set-cookie")
		if res.ContentLength > int64(in.MaxSize) {
			return tooBig(in.MaxSize)
		}
		err := env.Files.WriteAtomic(to, 0o644, func(w io.Writer) error { return d.copy(ctx, w, res) })
		if err != nil {
			return err
		}
		out.Path, err = env.Files.Abs(to)
		out.Size, out.SHA256, out.Resumed = int(d.n), hex.EncodeToString(d.sum.Sum(nil)), d.resumed
		return err
	})
	return out, err
}

func deref(o *downloadOut) downloadOut {
	if o == nil {
		return downloadOut{}
	}
	return *o
}

// there applies the rule for a file that exists; a result ends the node.
func (in downloadIn) there(env *node.Env, to string) (*downloadOut, error) {
	if in.IfExists == "overwrite" || in.IfExists == "" {
		return nil, nil
	}
	info, err := env.Files.Stat(to)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if in.IfExists == "error" {
		return nil, input("choose another name, or set if_exists", "%s exists already", to)
	}
	abs, err := env.Files.Abs(to)
	return &downloadOut{Path: abs, Name: filepath.Base(abs), Size: int(info.Size())}, err
}

func tooBig(limit int) error {
	return input("raise max_size", "the file is larger than the limit of %d bytes", limit)
}
