package mail

import (
	"context"
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/schema"
)

func init() {
	original := map[string]any{"subject": "Offer", "message_id": "<7@example.com>", "from": map[string]any{"name": "Bob", "address": "bob@example.com"}, "date": "2026-05-04T09:00:00Z", "text": "Is it ready?"}
	node.Register(node.Spec[replyIn, sendOut]{
		Type:  "mail.reply",
		Title: "Reply to e-mail",
		Doc: "Answers a message that mail.get, mail.search, mail.wait_for or mail.parse gave: to where its sender wants answers, with Re: before the subject, in the same conversation, the original quoted below.\n\n" +
			"To mark the original as answered, use mail.mark. Beware of loops: do not answer automatic mail; its headers have auto-submitted or precedence (`headers` of the message).",
		Effect: node.Once,
		Examples: []node.Example[replyIn, sendOut]{{
			Title:   "Answer and keep the conversation together",
			In:      replyIn{Connection: connection{Host: "smtp.example.com", User: "ada@example.com"}, Message: original, response: response{From: "Ada <ada@example.com>", content: content{Text: "Yes, attached.", Files: []string{"offer.pdf"}}}},
			Out:     sendOut{MessageID: "<5b1f…@example.com>", Accepted: []string{"bob@example.com"}, Response: "2.0.0 OK queued"},
			DocOnly: "it needs a mail server; the tests of the package run one",
		}},
		Check: func(in replyIn) error { return in.Connection.check() },
		Run: func(ctx context.Context, env *node.Env, in replyIn) (sendOut, error) {
			d, err := in.draft()
			if err != nil {
				return sendOut{}, err
			}
			return d.send(ctx, env, in.Connection, in.OnRejected)
		},
	})
	node.Register(node.Spec[forwardIn, forwardOut]{
		Type:  "mail.forward",
		Title: "Forward e-mail",
		Doc: "Sends a message that mail.get, mail.search, mail.wait_for or mail.parse gave to somebody else, with Fwd: before the subject and the original below.\n\n" +
			"Its attachments go along as far as they were saved (set `save_to` and `save_inline` where the message is read); `left_out` names the others. To forward it whole as an attachment, save it with `save_eml` of mail.get and give the file in `files`.",
		Effect: node.Once,
		Examples: []node.Example[forwardIn, forwardOut]{{
			Title:   "Pass on an order",
			In:      forwardIn{Connection: connection{Host: "smtp.example.com", User: "ada@example.com"}, Message: original, To: []string{"eve@example.com"}, response: response{From: "ada@example.com", content: content{Text: "Please look."}}},
			Out:     forwardOut{sendOut: sendOut{MessageID: "<5b1f…@example.com>", Accepted: []string{"eve@example.com"}, Response: "2.0.0 OK queued"}},
			DocOnly: "it needs a mail server; the tests of the package run one",
		}},
		Check: func(in forwardIn) error { return in.Connection.check() },
		Run: func(ctx context.Context, env *node.Env, in forwardIn) (forwardOut, error) {
			d, left, err := in.draft()
			if err != nil {
				return forwardOut{}, err
			}
			out, err := d.send(ctx, env, in.Connection, in.OnRejected)
			return forwardOut{out, left}, err
		},
	})
}

// response is what replies and forwarded messages have in common.
type response struct {
	From    string `json:"from" is:"required" doc:"Sender: ada@example.com, or Ada <ada@example.com>."`
	Subject string `json:"subject" doc:"Subject; that of the original with a prefix if empty."`
	content
	Intro   string            `json:"intro" doc:"Line before the quoted original. {date}, {name} and {address} stand for its date and sender, for instance: Am {date} schrieb {name}:."`
	Headers map[string]string `json:"headers" is:"advanced" doc:"More headers."`
}

type replyIn struct {
	Connection connection     `json:"connection" is:"required" doc:"SMTP server to send through."`
	Message    map[string]any `json:"message" is:"required" doc:"Message to answer, as the other nodes give it."`
	response
	ReplyAll bool     `json:"reply_all" doc:"Also send to all other recipients of the original, except the sender of the answer."`
	To       []string `json:"to" is:"advanced" doc:"Recipients instead of those who should get the answer."`
	Cc       []string `json:"cc" doc:"More recipients of a copy."`
	Bcc      []string `json:"bcc" doc:"Recipients whom the others do not see."`
	Quote    bool     `json:"quote" default:"true" doc:"Put the original below the answer."`
	onRejected
}

type forwardIn struct {
	Connection connection     `json:"connection" is:"required" doc:"SMTP server to send through."`
	Message    map[string]any `json:"message" is:"required" doc:"Message to forward, as the other nodes give it."`
	To         []string       `json:"to" is:"required" doc:"Recipients."`
	Cc         []string       `json:"cc" doc:"Recipients of a copy."`
	Bcc        []string       `json:"bcc" doc:"Recipients whom the others do not see."`
	response
	WithAttachments bool `json:"with_attachments" default:"true" doc:"Attach the saved attachments of the original."`
	onRejected
}

type forwardOut struct {
	sendOut
	LeftOut []string `json:"left_out" doc:"Names of attachments of the original that were not sent along, since they were not saved."`
}

// originalOf reads a message from the map that flows hold. Unknown keys do
// not matter: rows of a mailbox have more.
func originalOf(m map[string]any) (message, error) {
	var out message
	s, err := schema.Of(reflectMessage)
	if err != nil {
		return out, err
	}
	if m["from"] == nil && m["message_id"] == nil && m["subject"] == nil {
		return out, input("give the message that mail.get or mail.search returned, for instance {{ get.message }}", "message is no message: it has no from, subject or message_id")
	}
	dst := elemOf(&out)
	for _, f := range s.Fields {
		if v, ok := m[f.Name]; ok {
			if err := f.Set(dst, v); err != nil {
				return out, input("give the message that mail.get or mail.search returned", "message: %v", err)
			}
		}
	}
	return out, nil
}

func (in replyIn) draft() (draft, error) {
	m, err := originalOf(in.Message)
	if err != nil {
		return draft{}, err
	}
	d := in.response.draft("Re: ", m)
	d.To, d.Cc, d.Bcc = in.To, in.Cc, in.Bcc
	me, err := recipients("from", []string{in.From})
	if err != nil {
		return draft{}, err
	}
	seen := map[string]bool{}
	for _, a := range me {
		seen[strings.ToLower(a.Address)] = true
	}
	if len(in.To) == 0 {
		back := m.ReplyTo
		if len(back) == 0 {
			back = []address{m.From}
		}
		own := len(me) > 0 && strings.EqualFold(m.From.Address, me[0].Address)
		if own && len(m.To) > 0 {
			back = m.To // answering what we wrote goes on to the same people
		}
		if len(back) == 0 || back[0].Address == "" {
			return draft{}, input("give to", "the message does not say who should get the answer")
		}
		for _, a := range back {
			seen[strings.ToLower(a.Address)] = true
			d.To = append(d.To, encodeAddresses([]address{a}))
		}
	}
	if in.ReplyAll {
		for _, a := range slices.Concat(m.To, m.Cc) {
			if k := strings.ToLower(a.Address); a.Address != "" && !seen[k] {
				seen[k] = true
				d.Cc = append(slices.Clip(d.Cc), encodeAddresses([]address{a}))
			}
		}
	}
	if in.Quote {
		d.content = in.quoted(m, in.intro("On {date}, {name} wrote:", m), true)
	}
	return d, nil
}

func (in forwardIn) draft() (draft, []string, error) {
	m, err := originalOf(in.Message)
	if err != nil {
		return draft{}, nil, err
	}
	d := in.response.draft("Fwd: ", m)
	d.To, d.Cc, d.Bcc, d.InReplyTo = in.To, in.Cc, in.Bcc, ""
	lines := []string{in.intro("---------- Forwarded message ----------", m), "From: " + m.From.String(), "Date: " + m.Date, "Subject: " + m.Subject, "To: " + joined(m.To)}
	if len(m.Cc) > 0 {
		lines = append(lines, "Cc: "+joined(m.Cc))
	}
	d.content = in.quoted(m, strings.Join(lines, "\n")+"\n", false)
	left := []string{}
	for _, a := range m.Attachments {
		switch {
		case a.Path == "" || !in.WithAttachments:
			left = append(left, a.Name)
		case a.Inline && a.ContentID != "" && d.HTML != "" && validCID(a.ContentID):
			d.Inline = append(slices.Clip(d.Inline), inlinePart{File: a.Path, CID: a.ContentID})
		default:
			d.Attachments = append(slices.Clip(d.Attachments), enclosure{File: a.Path, Name: a.Name})
		}
	}
	return d, left, nil
}

func validCID(s string) bool { return ascii(s) && !strings.ContainsAny(s, "<> \t\r\n\"") }

func joined(list []address) string {
	out := make([]string, len(list))
	for i, a := range list {
		out[i] = a.String()
	}
	return strings.Join(out, ", ")
}

var prefixRE = regexp.MustCompile(`(?i)^\s*((re|aw|sv|antw|fwd?|wg|tr)\s*(\[\d+\])?\s*:\s*)+`)

func (r response) draft(prefix string, m message) draft {
	d := draft{From: r.From, Subject: r.Subject, content: r.content, Headers: r.Headers, Priority: "normal"}
	if d.Subject == "" {
		d.Subject = prefix + cleanText(prefixRE.ReplaceAllString(m.Subject, ""))
	}
	if id, err := wireID(m.MessageID); err == nil {
		d.InReplyTo = id
		refs := m.References
		if len(refs) == 0 && m.InReplyTo != "" {
			refs = []string{m.InReplyTo}
		}
		// Long conversations keep the first and the newest.
		if len(refs) > 20 {
			refs = slices.Concat(refs[:1], refs[len(refs)-19:])
		}
		for _, x := range append(slices.Clone(refs), id) {
			if x, err := wireID(x); err == nil && !slices.Contains(d.References, x) {
				d.References = append(d.References, x)
			}
		}
	}
	return d
}

func (r response) intro(usual string, m message) string {
	if r.Intro != "" {
		usual = r.Intro
	}
	name := m.From.Name
	if name == "" {
		name = m.From.Address
	}
	date := m.Date
	if len(date) >= 16 {
		date = date[:10] + " " + date[11:16]
	}
	return strings.NewReplacer("{date}", date, "{name}", name, "{address}", m.From.Address).Replace(usual)
}

// quoted puts the original below what was written. An answer in HTML gets the
// original as HTML.
func (r response) quoted(m message, intro string, marks bool) content {
	c := r.content
	if c.HTML == "" && (marks || m.HTML == "") {
		c.Text = join(c.Text, intro, m.Text, marks)
		return c
	}
	if c.HTML == "" {
		c.HTML = "<p>" + strings.ReplaceAll(html.EscapeString(c.Text), "\n", "<br>\n") + "</p>"
	}
	inner := bodyOf(m.HTML)
	if inner == "" {
		inner = strings.ReplaceAll(html.EscapeString(m.Text), "\n", "<br>\n")
	}
	head := strings.ReplaceAll(html.EscapeString(strings.TrimSuffix(intro, "\n")), "\n", "<br>\n")
	if marks {
		inner = "<blockquote type=\"cite\" style=\"margin:0 0 0 .8ex;border-left:1px solid #ccc;padding-left:1ex\">" + inner + "</blockquote>"
	}
	c.HTML += "\n<br>\n<div>" + head + "</div>\n<div>" + inner + "</div>\n"
	if c.Text != "" {
		c.Text = join(c.Text, intro, m.Text, marks)
	}
	return c
}

func join(own, intro, text string, marks bool) string {
	text = strings.TrimRight(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	if marks {
		lines := strings.Split(text, "\n")
		for i, l := range lines {
			if strings.HasPrefix(l, ">") {
				lines[i] = ">" + l
			} else {
				lines[i] = strings.TrimRight("> "+l, " ")
			}
		}
		text = strings.Join(lines, "\n")
	}
	return strings.TrimRight(own, "\n") + "\n\n" + fmt.Sprintf("%s\n%s\n", intro, text)
}

var (
	bodyRE   = regexp.MustCompile(`(?is)<body[^>]*>(.*?)(</body>|$)`)
	activeRE = regexp.MustCompile(`(?is)<script\b.*?(</script\s*>|$)`)
)

// bodyOf is the part of an HTML page that can stand inside of another.
func bodyOf(s string) string {
	if m := bodyRE.FindStringSubmatch(s); m != nil {
		s = m[1]
	}
	return strings.TrimSpace(activeRE.ReplaceAllString(s, ""))
}
