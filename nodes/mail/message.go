package mail

import (
	"strings"
)

// message is one mail as flows see it.
type message struct {
	MessageID   string            `json:"message_id" doc:"Message-ID with its angle brackets; the name of the message in all the world."`
	Subject     string            `json:"subject" doc:"Subject, decoded."`
	From        address           `json:"from" doc:"Sender."`
	To          []address         `json:"to" doc:"Recipients."`
	Cc          []address         `json:"cc" doc:"Recipients of a copy."`
	Bcc         []address         `json:"bcc" doc:"Hidden recipients; only drafts and sent mail have them."`
	ReplyTo     []address         `json:"reply_to" doc:"Where answers go; the sender if the message does not say."`
	Date        string            `json:"date" doc:"When it was written by its own account, RFC 3339; empty if it does not say or cannot be read."`
	InReplyTo   string            `json:"in_reply_to" doc:"Message-ID of the message it answers."`
	References  []string          `json:"references" doc:"Message-IDs of the conversation before it, oldest first."`
	Priority    string            `json:"priority" doc:"high, normal or low."`
	Text        string            `json:"text" doc:"Body as plain text; made from the HTML if there is only that."`
	HTML        string            `json:"html" doc:"Body as HTML as it was sent: do not show it without cleaning it."`
	Attachments []attachment      `json:"attachments" doc:"Attached files and inline images in their order."`
	Delivery    []delivery        `json:"delivery" doc:"Of a report on delivery (a bounce): what became of the mail for each recipient."`
	Headers     map[string]string `json:"headers" doc:"All headers decoded, names in lower case; one that comes several times is joined by line breaks."`
	Issues      []string          `json:"issues" doc:"What was broken in the message or had to be cut."`
}

// attachment is a file in a message.
type attachment struct {
	Name      string         `json:"name" doc:"File name as sent, made harmless: no path, no control characters. Never empty."`
	Type      string         `json:"type" doc:"Media type the sender gave, for instance application/pdf."`
	Size      int            `json:"size" doc:"Size in bytes; an estimate where only headers were read."`
	Inline    bool           `json:"inline" doc:"True for images shown in the text."`
	ContentID string         `json:"content_id" doc:"Name by which the HTML refers to it (cid:), without brackets."`
	Path      string         `json:"path" doc:"Where it was saved; empty if it was not."`
	Message   map[string]any `json:"message" doc:"For an attached message: that message. Its own attachments are listed in it, not saved; save the .eml and take it apart with mail.parse to get them."`
}

// delivery is what became of a mail for one recipient.
type delivery struct {
	Recipient  string `json:"recipient" doc:"Address."`
	Action     string `json:"action" doc:"failed, delayed, delivered, relayed or expanded."`
	Status     string `json:"status" doc:"Status code, for instance 5.1.1."`
	Diagnostic string `json:"diagnostic" doc:"What the other server said."`
}

// envelope fills in what the headers say.
func (m *message) envelope(h header) {
	m.MessageID = cleanText(h.get("Message-ID"))
	m.Subject = h.text("Subject")
	if from := parseAddresses(h.all("From")); len(from) > 0 {
		m.From = from[0]
	} else if from := parseAddresses(h.get("Sender")); len(from) > 0 {
		m.From = from[0]
	}
	m.To, m.Cc, m.Bcc = parseAddresses(h.all("To")), parseAddresses(h.all("Cc")), parseAddresses(h.all("Bcc"))
	m.ReplyTo = parseAddresses(h.all("Reply-To"))
	if len(m.ReplyTo) == 0 && m.From.Address != "" {
		m.ReplyTo = []address{m.From}
	}
	m.Date = parseDate(h.get("Date"))
	if ids := messageIDs(h.get("In-Reply-To")); len(ids) > 0 {
		m.InReplyTo = ids[0]
	}
	m.References = messageIDs(h.get("References"))
	m.Priority = priorityOf(h)
	m.Headers = h.texts()
}

// messageIDs returns what stands in angle brackets.
func messageIDs(s string) []string {
	out := []string{}
	for len(out) < 1000 {
		_, rest, ok := strings.Cut(s, "<")
		if !ok {
			break
		}
		id, after, ok := strings.Cut(rest, ">")
		if !ok {
			break
		}
		if id = strings.Map(dropSpace, id); id != "" {
			out = append(out, "<"+plain8bit(id)+">")
		}
		s = after
	}
	return out
}

func priorityOf(h header) string {
	for _, name := range []string{"X-Priority", "Importance", "Priority", "X-MSMail-Priority"} {
		switch v := strings.ToLower(h.text(name)); {
		case v == "":
		case strings.HasPrefix(v, "1"), strings.HasPrefix(v, "2"), v == "high", v == "urgent", v == "highest":
			return "high"
		case strings.HasPrefix(v, "4"), strings.HasPrefix(v, "5"), v == "low", v == "non-urgent", v == "lowest":
			return "low"
		}
	}
	return "normal"
}
