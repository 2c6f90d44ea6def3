package crypto

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"unicode/utf8"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/vault"
)

// The key and the text of the examples protect nothing.
const (
	samplePublic  = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
	sampleArmored = `-----BEGIN AGE ENCRYPTED FILE-----
YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCBhSVJNNnI3aTJiL3k1clBq
dnRPMWtnIDEwCjBZby9nOEJ0N0kxaU5SNDRHSE1pd0pVVXpzS082YzU0V0dQQnFO
anJpVlkKLS0tIDdxa0tTck5uVHZuK1Izdlgvd3FkNlBPUys5azhDREtMc2xkdm8v
Si9jdFkK/6stYiYo6TNMtLna39Lik7Jlhh118wGyzTtEWFTmr6WAwFivaA==
-----END AGE ENCRYPTED FILE-----
`
)

func init() {
	node.Register(node.Spec[encryptFileIn, fileOut]{
		Type: "crypto.encrypt_file", Title: "Encrypt file", Effect: node.Idempotent,
		Doc: "Encrypts a file of any size with age, for public keys or with a passphrase, and replaces the target in one step. The source stays. Each run gives other bytes, which decrypt to the same.",
		Examples: []node.Example[encryptFileIn, fileOut]{{
			Title: "For a colleague's key", Files: map[string]string{"a.txt": "hello"},
			In: encryptFileIn{Path: "a.txt", To: "a.txt.age", locks: locks{Recipients: []string{samplePublic}}},
			Check: func(o fileOut) error {
				if o.Size <= 5 || !strings.HasSuffix(o.Path, "a.txt.age") {
					return fmt.Errorf("got %+v", o)
				}
				return nil
			},
		}},
		Run: encryptFile,
	})
	node.Register(node.Spec[decryptFileIn, fileOut]{
		Type: "crypto.decrypt_file", Title: "Decrypt file", Effect: node.Idempotent,
		Doc: "Decrypts a file that age encrypted, as bytes or text. The target is replaced only when all of it was found genuine.",
		Examples: []node.Example[decryptFileIn, fileOut]{{
			Title: "With a passphrase", Files: map[string]string{"a.txt.age": sampleArmored},
			In: decryptFileIn{Path: "a.txt.age", To: "a.txt", keys: keys{Passphrase: vault.New("example")}},
			Check: func(o fileOut) error {
				if o.Size != 5 || !strings.HasSuffix(o.Path, "a.txt") {
					return fmt.Errorf("got %+v", o)
				}
				return nil
			},
		}},
		Run: decryptFile,
	})
	node.Register(node.Spec[encryptTextIn, textOut]{
		Type: "crypto.encrypt_text", Title: "Encrypt text", Effect: node.Read,
		Doc: "Encrypts a text with age. The result is text: base64, or with armor between marker lines as the age program reads it. Each run gives another text, which decrypts to the same.",
		Examples: []node.Example[encryptTextIn, textOut]{{
			Title: "With a passphrase", In: encryptTextIn{Text: "hello", locks: locks{Passphrase: vault.New("example"), WorkFactor: 10, Armor: true}},
			Check: func(o textOut) error {
				if !strings.HasPrefix(o.Text, armor.Header) || strings.Contains(o.Text, "hello") {
					return fmt.Errorf("got %q", o.Text)
				}
				return nil
			},
		}},
		Run: encryptText,
	})
	node.Register(node.Spec[decryptTextIn, textOut]{
		Type: "crypto.decrypt_text", Title: "Decrypt text", Effect: node.Read,
		Doc:      "Decrypts what crypto.encrypt_text made. The content must be text in UTF-8; for other content use files. The result is not a secret any more: later nodes may record or show it.",
		Examples: []node.Example[decryptTextIn, textOut]{{Title: "With a passphrase", In: decryptTextIn{Text: sampleArmored, keys: keys{Passphrase: vault.New("example")}}, Out: textOut{Text: "hello"}}},
		Run:      decryptText,
	})
}

type encryptFileIn struct {
	Path string `json:"path" is:"required" widget:"file" doc:"File to encrypt."`
	To   string `json:"to" is:"required" widget:"file" doc:"File to write, usually ending with .age."`
	locks
}

type decryptFileIn struct {
	Path string `json:"path" is:"required" widget:"file" doc:"File to decrypt."`
	To   string `json:"to" is:"required" widget:"file" doc:"File to write; a new one only its owner may read."`
	keys
}

type fileOut struct {
	Path string `json:"path" doc:"Absolute path of the file written."`
	Size int    `json:"size" doc:"Its size in bytes."`
}

type encryptTextIn struct {
	Text string `json:"text" is:"raw" widget:"multiline" doc:"Text to encrypt."`
	locks
}

type decryptTextIn struct {
	Text string `json:"text" is:"required" widget:"multiline" doc:"Encrypted text, base64 or armored."`
	keys
}

type textOut struct {
	Text string `json:"text" doc:"The result."`
}

// seal encrypts r to w.
func (l locks) seal(w io.Writer, r io.Reader) error {
	to, err := l.recipients()
	if err != nil {
		return err
	}
	out := w
	var a io.WriteCloser
	if l.Armor {
		a = armor.NewWriter(w)
		out = a
	}
	e, err := age.Encrypt(out, to...)
	if err != nil {
		return input("keys of different kinds cannot be mixed", "it cannot be encrypted for these recipients: %v", err)
	}
	if _, err := io.Copy(e, r); err != nil {
		return err
	}
	if err := e.Close(); err != nil || a == nil {
		return err
	}
	return a.Close()
}

// open returns the decrypted content of r.
func (k keys) open(env *node.Env, r io.Reader) (io.Reader, error) {
	ids, err := k.identities(env)
	if err != nil {
		return nil, err
	}
	br := bufio.NewReader(r)
	if head, _ := br.Peek(len(armor.Header)); string(head) == armor.Header { // a short input is no armor
		r = armor.NewReader(br)
	} else {
		r = br
	}
	plain, err := age.Decrypt(r, ids...)
	var none *age.NoIdentityMatchError
	switch {
	case errors.As(err, &none):
		return nil, node.Fail(node.KindDenied, "the key or passphrase does not fit", "check the secret, and for whom it was encrypted")
	case err != nil:
		return nil, unreadable(err)
	}
	return plain, nil
}

func unreadable(err error) error {
	var f *node.Failure
	if errors.As(err, &f) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return input("check that it is complete and was encrypted with age", "it cannot be decrypted: %v", err)
}

func encryptFile(ctx context.Context, env *node.Env, in encryptFileIn) (fileOut, error) {
	if _, err := in.recipients(); err != nil {
		return fileOut{}, err
	}
	return rewrite(env, in.Path, in.To, 0o644, func(w io.Writer, r io.Reader) error { return in.seal(w, reader{ctx, r}) })
}

func decryptFile(ctx context.Context, env *node.Env, in decryptFileIn) (fileOut, error) {
	if _, err := in.identities(env); err != nil {
		return fileOut{}, err
	}
	return rewrite(env, in.Path, in.To, 0o600, func(w io.Writer, r io.Reader) error {
		plain, err := in.open(env, reader{ctx, r})
		if err != nil {
			return err
		}
		bad := &readError{r: plain}
		if _, err := io.Copy(w, bad); bad.err != nil {
			return unreadable(bad.err)
		} else if err != nil {
			return err
		}
		return nil
	})
}

// readError tells an error of reading from one of writing.
type readError struct {
	r   io.Reader
	err error
}

// Read implements io.Reader.
func (r *readError) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil && err != io.EOF {
		r.err = err
	}
	return n, err
}

// rewrite hands a file's content to do and puts what it writes in place in one
// step.
func rewrite(env *node.Env, from, to string, perm fs.FileMode, do func(io.Writer, io.Reader) error) (out fileOut, err error) {
	if a, err := env.Files.Abs(from); err == nil {
		if b, err := env.Files.Abs(to); err == nil && a == b {
			return out, input("choose another name for to", "%s would replace itself", from)
		}
	}
	f, err := env.Files.Open(from)
	if err != nil {
		return out, tell(err, "opening "+from)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return out, input("pack it first with archive.create", "%s is a folder", from)
	}
	err = env.Files.WriteAtomic(to, perm, func(w io.Writer) error {
		return do(&counter{w, &out.Size}, f)
	})
	if err != nil {
		return fileOut{}, tell(err, "writing "+to)
	}
	out.Path, err = env.Files.Abs(to)
	return out, err
}

type counter struct {
	w io.Writer
	n *int
}

// Write implements io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	*c.n += n
	return n, err
}

func encryptText(_ context.Context, _ *node.Env, in encryptTextIn) (textOut, error) {
	var b bytes.Buffer
	if err := in.seal(&b, strings.NewReader(in.Text)); err != nil {
		return textOut{}, tell(err, "encrypting")
	}
	if in.Armor {
		return textOut{Text: b.String()}, nil
	}
	return textOut{Text: base64.StdEncoding.EncodeToString(b.Bytes())}, nil
}

func decryptText(_ context.Context, env *node.Env, in decryptTextIn) (textOut, error) {
	data := []byte(strings.TrimSpace(in.Text))
	if !bytes.HasPrefix(data, []byte(armor.Header)) {
		raw, err := base64.StdEncoding.DecodeString(string(data))
		if err != nil {
			return textOut{}, input("give what crypto.encrypt_text returned", "the text is neither base64 nor armored")
		}
		data = raw
	}
	plain, err := in.open(env, bytes.NewReader(data))
	if err != nil {
		return textOut{}, err
	}
	out, err := io.ReadAll(plain)
	if err != nil {
		return textOut{}, unreadable(err)
	}
	if !utf8.Valid(out) {
		return textOut{}, input("decrypt it as a file", "the content is not text in UTF-8")
	}
	return textOut{Text: string(out)}, nil
}
