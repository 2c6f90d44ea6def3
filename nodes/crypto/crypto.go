// Package crypto holds the nodes that encrypt and decrypt, sign and verify.
// Encryption is age (age-encryption.org): what these nodes write the age
// program reads, and the other way round; AES-GCM is there for what others ask
// for. Signatures are those of openssl, tokens JWT.
//
// Secret keys and passphrases come in as secrets, or in files that only the
// node reads, and never go out: a new key is written to a file that only its
// owner may read. Errors of parsers are not passed on where they may quote a
// key.
package crypto

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/vault"
	"github.com/aether-rpa/aether/workspace"
)

func init() {
	node.RegisterFamily(node.Family{Name: "crypto", Title: "Encryption and signatures", Doc: "Encrypt and decrypt with age, make keys, sign and verify, make and read JSON web tokens."})
}

func input(hint, format string, args ...any) error {
	return node.Fail(node.KindInput, fmt.Sprintf(format, args...), hint)
}

func tell(err error, doing string) error {
	var f *node.Failure
	var outside *workspace.OutsideError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &f), errors.As(err, &outside), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return node.Fail(node.KindNotFound, doing+": "+err.Error(), "check the path; relative paths start in the flow's working folder")
	case errors.Is(err, fs.ErrPermission):
		return node.Fail(node.KindDenied, doing+": "+err.Error(), "check the rights of the file and of its folder")
	}
	return node.Fail(node.KindError, doing+": "+err.Error(), "")
}

// reader gives up when ctx ends.
type reader struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// writeNew writes a file that only its owner may read. One that is there is
// never replaced: it could be the only copy of a key.
func writeNew(env *node.Env, path, content string) error {
	f, err := env.Files.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return input("choose another name, or move the old one away", "%s exists already", path)
	}
	if err != nil {
		return tell(err, "writing "+path)
	}
	_, err = f.WriteString(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		_ = env.Files.Remove(path) // half a key is of no use
		return tell(err, "writing "+path)
	}
	return nil
}

// maxKeyFile is more than any key takes.
const maxKeyFile = 1 << 20

// secretOrFile returns a secret, or the content of a file with one. Exactly one
// of them is to be given.
func secretOrFile(env *node.Env, secret vault.Secret, path, what string) (vault.Secret, error) {
	switch {
	case path == "" && !secret.Empty():
		return secret, nil
	case path == "":
		return secret, input("give "+what+", as a secret, or "+what+"_file", "there is no %s", what)
	case !secret.Empty():
		return secret, input("give one of them", "both %s and %s_file are given", what, what)
	}
	f, err := env.Files.Open(path)
	if err != nil {
		return secret, tell(err, "opening "+path)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return secret, tell(err, "reading "+path)
	}
	if len(b) > maxKeyFile {
		return secret, input("check the path", "%s is too large for a file with a key", path)
	}
	return vault.New(string(b)), nil
}
