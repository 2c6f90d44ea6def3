package hash

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/workspace"
)

func init() {
	node.Register(node.Spec[fileIn, fileOut]{
		Type: "hash.file", Title: "Hash file", Effect: node.Read, Aliases: []string{"file.hash"},
		Doc: "Computes the check sum of a file's content, of any size, and compares it with one that is expected. MD5, SHA-1 and CRC-32 find accidents, not attacks.",
		Examples: []node.Example[fileIn, fileOut]{{
			Title: "SHA-256 of a file", Files: map[string]string{"a": "hello"},
			In:  fileIn{Path: "a"},
			Out: fileOut{Hash: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", Size: 5, Matches: true},
		}, {
			Title: "Compare with a published sum", Files: map[string]string{"a": "hello"},
			In:  fileIn{Path: "a", Algorithm: "md5", Expected: "00000000000000000000000000000000"},
			Out: fileOut{Hash: "5d41402abc4b2a76b9719d911017c592", Size: 5, Matches: false},
		}},
		Run: file,
	})
}

type fileIn struct {
	Path      string `json:"path" is:"required" widget:"file" doc:"File to read."`
	Algorithm string `json:"algorithm" default:"sha256" enum:"sha256,sha224,sha512,sha384,sha3-256,sha3-512,blake2b-256,blake2b-512,sha1,md5,crc32" doc:"Kind of check sum."`
	As        string `json:"as" default:"hex" enum:"hex,base64,base64url" doc:"How the check sum is written."`
	Expected  string `json:"expected" doc:"Check sum to compare with, in the same form; in hex, upper and lower case are the same."`
}

type fileOut struct {
	Hash    string `json:"hash" doc:"Check sum, in lower-case hex unless as says otherwise."`
	Size    int    `json:"size" doc:"Size of the file in bytes."`
	Matches bool   `json:"matches" doc:"Whether it is the expected one; true when none was given."`
}

func file(ctx context.Context, env *node.Env, in fileIn) (fileOut, error) {
	f, err := env.Files.Open(in.Path)
	if err != nil {
		return fileOut{}, tell(err, "opening "+in.Path)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return fileOut{}, input("give the path of a file", "%s is a folder", in.Path)
	}
	h := newHash(in.Algorithm)
	n, err := io.CopyBuffer(h, ended{ctx, f}, make([]byte, 256<<10))
	if err != nil {
		return fileOut{}, tell(err, "reading "+in.Path)
	}
	sum := h.Sum(nil)
	return fileOut{Hash: encode(sum, in.As), Size: int(n), Matches: matches(sum, in.Expected, in.As)}, nil
}

// ended is a reader that gives up when ctx ends.
type ended struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (e ended) Read(p []byte) (int, error) {
	if err := e.ctx.Err(); err != nil {
		return 0, err
	}
	return e.r.Read(p)
}

func tell(err error, doing string) error {
	var outside *workspace.OutsideError
	switch {
	case errors.As(err, &outside), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return node.Fail(node.KindNotFound, doing+": it does not exist: "+err.Error(), "check the path; relative paths start in the flow's working folder")
	case errors.Is(err, fs.ErrPermission):
		return node.Fail(node.KindDenied, doing+": "+err.Error(), "check the rights of the file and of its folder")
	}
	return node.Fail(node.KindError, doing+": "+err.Error(), "")
}
