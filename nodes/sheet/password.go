package sheet

import (
	"context"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/sheet/book"
	"github.com/aether-rpa/aether/vault"
)

func init() {
	node.Register(node.Spec[passwordIn, passwordOut]{
		Type:   "sheet.set_password",
		Title:  "Set password of workbook",
		Doc:    "Encrypts a workbook with a password, changes the password, or writes the workbook without one. What is in it stays byte for byte. The encryption is that of Office 2007 (AES-128), which all versions since and LibreOffice open.",
		Effect: node.Once, EffectOf: func(in passwordIn) node.Effect {
			if in.To == "" || in.To == in.File {
				return node.Once
			}
			return node.Idempotent
		},
		Examples: []node.Example[passwordIn, passwordOut]{{
			Title: "Encrypt",
			Files: map[string]string{"orders.xlsx": ordersXLSX},
			In:    passwordIn{source: source{File: "orders.xlsx"}, New: vault.New("open sesame"), To: "locked.xlsx"},
			Out:   passwordOut{File: "locked.xlsx", Encrypted: true},
		}},
		Run: setPassword,
	})
}

type passwordIn struct {
	source
	New vault.Secret `json:"new_password" doc:"New password; empty writes the workbook without one."`
	To  string       `json:"to" widget:"file" doc:"File to write; one that is there is replaced. Empty changes the workbook itself."`
}

type passwordOut struct {
	File      string `json:"file" doc:"Path of the file written."`
	Encrypted bool   `json:"encrypted" doc:"Whether it has a password now."`
}

func setPassword(ctx context.Context, env *node.Env, in passwordIn) (passwordOut, error) {
	out := passwordOut{File: in.To, Encrypted: !in.New.Empty()}
	if in.To == "" {
		out.File = in.File
	}
	err := in.with(ctx, env, func(_ context.Context, w *workbook) error {
		if w.kind != book.KindXLSX {
			return input("convert it with sheet.convert, which takes a password", "%s is %s; only .xlsx workbooks can be encrypted", in.File, w.kind)
		}
		if w.size > maxEncrypted {
			return &book.LimitError{Reason: "encrypted workbooks may have 256 MiB"}
		}
		return w.rewrite(out.File, in.New)
	})
	if err != nil {
		return passwordOut{}, err
	}
	return out, nil
}
