package sheet

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"regexp"
	"strconv"

	"github.com/xuri/excelize/v2"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/sheet/book"
	"github.com/aether-rpa/aether/vault"
)

var encryptionRE = regexp.MustCompile(`(spinCount|blockSize|keyBits|hashSize|saltSize)="([0-9]{1,20})"`)

// What a file may ask for: hashing the password so often (Excel takes 100,000
// rounds), and keys and the like of so many bits or bytes.
const (
	maxSpin    = 10_000_000
	maxKeyBits = 4096
)

// decrypt replaces the data of an encrypted workbook by what is inside.
func (w *workbook) decrypt(ctx context.Context) error {
	name, password := w.source.File, w.source.Password
	if password.Empty() {
		return node.Fail(node.KindDenied, name+" is encrypted and needs a password", "give its password")
	}
	if w.size > maxEncrypted {
		return &book.LimitError{Reason: "encrypted workbooks may have 256 MiB"}
	}
	raw, err := io.ReadAll(io.NewSectionReader(w.data, 0, w.size))
	if err != nil {
		return err
	}
	for _, m := range encryptionRE.FindAllSubmatch(raw, 100) {
		most := maxKeyBits
		if string(m[1]) == "spinCount" {
			most = maxSpin
		}
		if n, err := strconv.Atoi(string(m[2])); err != nil || n > most {
			return &book.BadError{Reason: "its encryption has a " + string(m[1]) + " that no program takes"}
		}
	}
	plain, err := excelize.Decrypt(raw, &excelize.Options{Password: password.Reveal()})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil {
		_, err = zip.NewReader(bytes.NewReader(plain), int64(len(plain)))
	}
	if err != nil {
		// The library's own words may show more than they should.
		return node.Fail(node.KindDenied, "the password does not open "+name, "check the password; the file may also be damaged or encrypted in a way that is not supported")
	}
	w.data, w.size, w.kind, w.encrypted = bytes.NewReader(plain), int64(len(plain)), book.KindXLSX, true
	return nil
}

// rewrite writes the workbook as it is, with another password or without.
func (w *workbook) rewrite(to string, password vault.Secret) error {
	raw, err := io.ReadAll(io.NewSectionReader(w.data, 0, w.size))
	if err != nil {
		return err
	}
	if !password.Empty() {
		if raw, err = excelize.Encrypt(raw, &excelize.Options{Password: password.Reveal()}); err != nil {
			return err
		}
	}
	return w.env.Files.WriteAtomic(to, 0o644, func(f io.Writer) error {
		_, err := f.Write(raw)
		return err
	})
}
