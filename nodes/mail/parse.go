package mail

import (
	"context"
	"io"
	"strings"

	"github.com/aether-rpa/aether/node"
)

const sampleMail = "From: =?utf-8?q?J=C3=BCrgen?= <j@example.com>\r\nTo: Ada <ada@example.com>, bob@example.com\r\n" +
	"Subject: =?iso-8859-1?q?Gr=FC=DFe?=\r\nDate: Fri, 2 Jan 2026 10:00:00 +0100\r\nMessage-ID: <1@example.com>\r\n" +
	"Content-Type: text/plain; charset=windows-1252\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nPreis: 5=80 =\r\nnetto\r\n"

func init() {
	node.Register(node.Spec[parseIn, parseOut]{
		Type:  "mail.parse",
		Title: "Parse e-mail",
		Doc: "Takes a message apart: an .eml file, or its text. Headers, names and texts are decoded from whatever charset they are in; broken messages are read as well as they can be, and `issues` says what was wrong. Attachments are listed, and saved if `save_to` says where; files of any size go through bounded memory.\n\n" +
			"Outlook's .msg files are another format. A winmail.dat (Outlook's own wrapping) is listed as an attachment and not taken apart, and a file that stands in the text in uuencode stays there; `issues` says so.",
		Effect:   node.Once,
		EffectOf: parseEffect,
		Examples: []node.Example[parseIn, parseOut]{{
			Title: "Charsets of all kinds",
			In:    parseIn{Text: sampleMail},
			Out: parseOut{Message: message{MessageID: "<1@example.com>", Subject: "Grüße", From: address{"Jürgen", "j@example.com"},
				To:       []address{{"Ada", "ada@example.com"}, {"", "bob@example.com"}},
				ReplyTo:  []address{{"Jürgen", "j@example.com"}},
				Date:     "2026-01-02T10:00:00+01:00",
				Priority: "normal", Text: "Preis: 5€ netto\n",
				Headers: map[string]string{"from": "Jürgen <j@example.com>", "to": "Ada <ada@example.com>, bob@example.com", "subject": "Grüße",
					"date": "Fri, 2 Jan 2026 10:00:00 +0100", "message-id": "<1@example.com>", "content-type": "text/plain; charset=windows-1252", "content-transfer-encoding": "quoted-printable"}}},
		}, {
			Title: "Save the attachments of a file",
			In:    parseIn{File: "in.eml", saving: saving{SaveTo: "out", SavePattern: []string{"*.csv"}}},
			Files: map[string]string{"in.eml": "From: a@example.com\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nsee file\n--b\nContent-Type: text/csv; name=\"../a.csv\"\n\nx,y\n--b--\n"},
			Check: func(o parseOut) error {
				m := o.Message
				if len(m.Attachments) != 1 || m.Attachments[0].Name != "a.csv" || m.Attachments[0].Size != 3 || m.Attachments[0].Path == "" || m.Text != "see file" {
					return input("", "got %+v", m)
				}
				return nil
			},
		}},
		Check: func(in parseIn) error {
			if (in.File == "") == (in.Text == "") {
				return input("give the path of an .eml file, or the text of a message", "one of file and text is needed")
			}
			return in.saving.check()
		},
		Run: parseMail,
	})
}

type parseIn struct {
	File    string `json:"file" widget:"file" doc:"Path of an .eml file."`
	Text    string `json:"text" widget:"multiline" doc:"Text of a message with its headers, instead of a file."`
	MaxText int    `json:"max_text" default:"5242880" min:"1" max:"104857600" is:"advanced" doc:"How many bytes of text, and of HTML, to keep. What is longer is cut, and issues says so."`
	saving
}

type parseOut struct {
	Message message `json:"message" doc:"The message."`
}

func parseEffect(in parseIn) node.Effect {
	if in.Text != "" && in.SaveTo == "" {
		return node.Pure
	}
	return in.effect()
}

func parseMail(ctx context.Context, env *node.Env, in parseIn) (parseOut, error) {
	var r io.Reader = strings.NewReader(in.Text)
	if in.Text == "" {
		f, err := env.Files.Open(in.File)
		if err != nil {
			return parseOut{}, err
		}
		defer f.Close()
		r = f
	}
	p := newParser(ctx, in.MaxText)
	p.save = newSaver(env, in.saving).hook()
	m, err := p.parse(r)
	if err != nil {
		return parseOut{}, err
	}
	return parseOut{Message: *m}, nil
}
