package pdf

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"slices"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/vault"
)

func init() {
	hello := map[string]string{"hello.pdf": helloPDF}
	node.Register(node.Spec[encryptIn, secureOut]{
		Type:  "pdf.encrypt",
		Title: "Encrypt PDF",
		Doc: "Encrypts a PDF file with passwords: the user's to open it, the owner's to change it and its permissions. " +
			"With an owner password alone anybody can open the file, and viewers keep to the permissions, which others may ignore. A file that is encrypted already is decrypted first, with password.",
		Effect: node.Idempotent,
		Examples: []node.Example[encryptIn, secureOut]{{
			Title: "A password to open it",
			Files: hello,
			In:    encryptIn{source: source{File: "hello.pdf"}, UserPassword: vault.New("open sesame"), target: target{To: "locked.pdf"}, Allow: []string{"print"}},
			Check: func(o secureOut) error {
				if o.Size == 0 {
					return errors.New("nothing was written")
				}
				return nil
			},
		}},
		Check: func(in encryptIn) error {
			if in.UserPassword.Empty() && in.OwnerPassword.Empty() {
				return input("give user_password, owner_password or both", "there is no password to encrypt with")
			}
			return nil
		},
		Run: encrypt,
	})
	node.Register(node.Spec[decryptIn, secureOut]{
		Type:   "pdf.decrypt",
		Title:  "Decrypt PDF",
		Doc:    "Writes an encrypted PDF file without encryption and without restrictions. It needs a password of the file; one that can be opened without a password but has restrictions needs that of the owner.",
		Effect: node.Idempotent,
		Examples: []node.Example[decryptIn, secureOut]{{
			Title:   "With its password",
			In:      decryptIn{source: source{File: "locked.pdf", Password: vault.New("open sesame")}, target: target{To: "open.pdf"}},
			DocOnly: "needs an encrypted file",
		}},
		Run: func(ctx context.Context, env *node.Env, in decryptIn) (secureOut, error) {
			made, err := in.write(ctx, env, in.path(in.File), func(rs io.ReadSeeker, w io.Writer, conf *model.Configuration) (int, error) {
				doc, err := load(rs, conf, model.DECRYPT)
				if err != nil {
					return 0, err
				}
				if doc.Encrypt == nil {
					return 0, input("use the file as it is", "%s is not encrypted", in.File)
				}
				return doc.PageCount, api.WriteContext(doc, w)
			})
			return secureOut{made.File, made.Size}, err
		},
	})
	node.Register(node.Spec[permitIn, secureOut]{
		Type:   "pdf.set_permissions",
		Title:  "Set permissions of PDF",
		Doc:    "Sets what an encrypted PDF file permits to those who have only the user password. Its passwords stay. It needs the owner's password, and the user's too if the file has one.",
		Effect: node.Idempotent,
		Examples: []node.Example[permitIn, secureOut]{{
			Title:   "Printing only",
			In:      permitIn{source: source{File: "locked.pdf", Password: vault.New("owner")}, Allow: []string{"print"}},
			DocOnly: "needs an encrypted file",
		}},
		Run: func(ctx context.Context, env *node.Env, in permitIn) (secureOut, error) {
			made, err := in.write(ctx, env, in.path(in.File), func(rs io.ReadSeeker, w io.Writer, conf *model.Configuration) (int, error) {
				conf.Permissions = permissionFlags(in.Allow)
				conf.UserPW = in.UserPassword.Reveal()
				doc, err := load(rs, conf, model.SETPERMISSIONS)
				if err != nil {
					return 0, err
				}
				return doc.PageCount, api.WriteContext(doc, w)
			})
			return secureOut{made.File, made.Size}, err
		},
	})
}

type encryptIn struct {
	source
	UserPassword  vault.Secret `json:"user_password" doc:"Password to open the file. Empty lets everybody open it."`
	OwnerPassword vault.Secret `json:"owner_password" doc:"Password to change the file and its permissions. Empty takes one that nobody knows."`
	Allow         []string     `json:"allow" default:"[\"print\",\"copy\",\"annotate\",\"fill_forms\",\"modify\",\"assemble\"]" enum:"print,copy,annotate,fill_forms,modify,assemble" doc:"What those who have only the user password may do. print: print. copy: copy text and pictures. annotate: add notes and fill forms. fill_forms: fill forms. modify: change the content. assemble: add, remove and turn pages."`
	Strength      string       `json:"strength" default:"aes256" enum:"aes256,aes128,rc4_128" is:"advanced" doc:"How to encrypt: aes256 unless a very old viewer must open the file. rc4_128 is broken and protects nothing."`
	target
}

type decryptIn struct {
	source
	target
}

type permitIn struct {
	source
	UserPassword vault.Secret `json:"user_password" doc:"Password to open the file, if it has one; password is that of the owner."`
	Allow        []string     `json:"allow" is:"required" enum:"print,copy,annotate,fill_forms,modify,assemble" doc:"What to permit; see pdf.encrypt. An empty list permits reading only."`
	target
}

type secureOut struct {
	File string `json:"file" doc:"Path of the file written."`
	Size int    `json:"size" doc:"Its size in bytes."`
}

// permissions by name, in the order they are listed.
var permissions = []struct {
	name  string
	flags model.PermissionFlags
}{
	{"print", model.PermissionPrintRev2 | model.PermissionPrintRev3},
	{"copy", model.PermissionExtract | model.PermissionExtractRev3},
	{"annotate", model.PermissionModAnnFillForm},
	{"fill_forms", model.PermissionFillRev3},
	{"modify", model.PermissionModify},
	{"assemble", model.PermissionAssembleRev3},
}

func permissionFlags(allow []string) model.PermissionFlags {
	flags := model.PermissionsNone
	for _, p := range permissions {
		if slices.Contains(allow, p.name) {
			flags |= p.flags
		}
	}
	return flags
}

// permissionNames lists what flags permit. Revision 2 of the format knows one
// bit for printing, so that bit decides.
func permissionNames(flags int) []string {
	out := []string{}
	first := []model.PermissionFlags{model.PermissionPrintRev2, model.PermissionExtract, model.PermissionModAnnFillForm, model.PermissionFillRev3, model.PermissionModify, model.PermissionAssembleRev3}
	for i, p := range permissions {
		if flags&int(first[i]) != 0 {
			out = append(out, p.name)
		}
	}
	return out
}

func encrypt(ctx context.Context, env *node.Env, in encryptIn) (secureOut, error) {
	plain, err := in.plainPages(ctx, env, nil)
	if err != nil {
		return secureOut{}, err
	}
	owner := in.OwnerPassword.Reveal()
	if owner == "" {
		b := make([]byte, 16)
		if _, err := io.ReadFull(env.Rand, b); err != nil {
			return secureOut{}, err
		}
		owner = hex.EncodeToString(b)
	}
	made, err := in.write(ctx, env, in.path(in.File), func(_ io.ReadSeeker, w io.Writer, conf *model.Configuration) (int, error) {
		conf.UserPW, conf.OwnerPW = in.UserPassword.Reveal(), owner
		conf.Permissions = permissionFlags(in.Allow)
		conf.EncryptUsingAES = in.Strength != "rc4_128"
		conf.EncryptKeyLength = map[string]int{"aes256": 256, "aes128": 128, "rc4_128": 128}[in.Strength]
		return 0, api.Encrypt(newReader(plain), w, conf)
	})
	return secureOut{made.File, made.Size}, err
}
