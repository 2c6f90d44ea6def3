package casare

func init() {
	send := mapping{from: "SendEmailNode", to: "mail.send", in: params{
		"from": "$from_email", "from_name": "$sender_name", "to": "$to_email", "subject": "$subject", "priority": "$priority", "read_receipt": "$read_receipt",
	}, out: outs{"message_id": "$.message_id"}, prepare: sendMail}.aka("to_email", "to", "from_email", "from sender", "body", "message").typed("smtp_port", "int", "attachments", "list")
	read := mapping{from: "ReadEmailsNode", to: "mail.search", in: params{
		"folder": "$folder", "limit": "$limit", "order": `$newest_first ? "newest" : "oldest"`, "mark_read": "$mark_as_read", "bodies": "$include_body",
	}, out: outs{"count": "$.count"}, prepare: readMail}
	mark := imapRow(mapping{from: "MarkEmailNode", to: "mail.mark", in: params{"folder": "$folder", "as": "$mark_as"}})
	del := imapRow(mapping{from: "DeleteEmailNode", to: "mail.delete", in: params{"folder": "$folder"}}).with(func(m *mapping) { m.in["permanent"] = "$permanent" })
	move := imapRow(mapping{from: "MoveEmailNode", to: "mail.move", in: params{"folder": "$source_folder", "to": "$target_folder"}}).aka("source_folder", "folder")
	save := imapRow(mapping{from: "SaveAttachmentNode", to: "mail.download_attachments", in: params{"folder": "$folder", "save_to": "$save_path", "save_inline": true}, out: outs{"saved_files": "map($.files, #.path)", "count": "$.count"}}).aka("save_path", "path")
	super := func(m mapping, action string) mapping {
		m.def = params{"use_ssl": true, "mark_as_read": false, "include_body": true, "permanent": false, "source_folder": "INBOX", "sender_name": "", "read_receipt": false, "reply_to": ""}
		m.alias = map[string]string{"use_ssl": "use_imap_ssl", "permanent": "permanent_delete", "source_folder": "folder", "to_email": "to"}
		return m.as("EmailSuperNode/" + action)
	}
	register(
		send, read, mark, del, move, save,
		super(send, "Send Email").with(func(m *mapping) { m.alias["use_ssl"] = "use_smtp_ssl"; m.def["use_ssl"] = false }), super(read, "Read Emails"), super(mark, "Mark Email"), super(del, "Delete Email"), super(move, "Move Email"), super(save, "Save Attachment"),
		compute("GetEmailContentNode", params{
			"subject": `get($email, "subject") ?? ""`, "from": `get($email, "from") ?? ""`, "to": `get($email, "to") ?? ""`, "date": `get($email, "date") ?? ""`,
			"body_text": `get($email, "body_text") ?? ""`, "body_html": `get($email, "body_html") ?? ""`, "attachments": `get($email, "attachments") ?? []`,
		}).typed("email", "dict"),
		compute("FilterEmailsNode", params{"filtered": "=[]"}).typed("emails", "list", "subject_contains", "string", "from_contains", "string").with(func(m *mapping) {
			m.in = params{"entries": params{"filtered": `=filter($emails, ($subject_contains == nil or $subject_contains == "" or contains(lower(get(#, "subject") ?? ""), lower($subject_contains))) and ($from_contains == nil or $from_contains == "" or contains(lower(get(#, "from") ?? ""), lower($from_contains))) and ($has_attachments == nil or (len(get(#, "attachments") ?? []) > 0) == $has_attachments))`}}
			m.out["count"] = "len($.map.filtered)"
		}),
	)
}

// account gives the connection of a mail node.
func (c *converter) account(s *step, m *mapping, host, port, security string) params {
	p := params{"host": "$" + host, "port": "$" + port, "security": security, "user": "$username", "password": "$password"}
	if n, ok := s.config["credential_name"].(string); ok && n != "" && s.config["password"] == nil {
		p["password"] = val{secret: c.secret(n+"_password", s), isSet: true}
		if u, _ := s.config["username"].(string); u == "" {
			c.report.attention(s, "its user name is in the credential "+n, "write it into the connection of the node")
		}
	}
	if u := c.arg(s, m, "username"); !u.isSet || u.plain() == "" {
		delete(p, "user")
	}
	if u := c.arg(s, m, "password"); (!u.isSet || u.plain() == "") && p["password"] == "$password" {
		delete(p, "password")
	}
	if t := c.arg(s, m, "timeout"); t.isSet {
		p["timeout"] = "$timeout"
	}
	if v, ok := c.arg(s, m, "password").plain().(string); ok && v != "" && c.arg(s, m, "password").isLit() {
		c.report.attention(s, "its password stands in the file in plain text", "store it as a secret and write {secret: NAME}")
	}
	return p
}

func sendMail(c *converter, s *step, m *mapping) {
	security := "none"
	if c.arg(s, m, "use_ssl").plain() == true {
		security = "tls"
	} else if c.arg(s, m, "use_tls").plain() == true {
		security = "starttls"
	}
	m.in["connection"] = c.account(s, m, "smtp_server", "smtp_port", security)
	body := "text"
	if c.arg(s, m, "is_html").plain() == true {
		body = "html"
	}
	m.in[body] = "$body"
	for _, p := range []string{"cc", "bcc", "reply_to"} {
		if v := c.arg(s, m, p); v.isSet && v.plain() != "" {
			m.in[p] = "$" + p
		}
	}
	if f := c.arg(s, m, "from_email"); !f.isSet || f.plain() == "" {
		m.in["from"] = "$username"
	}
	if a := c.arg(s, m, "attachments"); a.isSet {
		m.in["files"] = a
	}
}

func readMail(c *converter, s *step, m *mapping) {
	m.in["connection"] = c.account(s, m, "imap_server", "imap_port", imapSecurity(c, s, m))
	if crit, ok := c.arg(s, m, "search_criteria").plain().(string); !ok || crit != "ALL" && crit != "" {
		m.in["criteria"] = "$search_criteria"
	}
	m.out["emails"] = `map($.messages, ({uid: string(#.uid), id: string(#.uid), subject: #.subject, from: get(#, "from.name") == "" or get(#, "from.name") == nil ? get(#, "from.address") : get(#, "from.name") + " <" + get(#, "from.address") + ">", to: get(#, "to[0].address"), date: #.date, body_text: #.text, body_html: #.html, body: #.text, attachments: #.attachments, has_attachments: #.has_attachments}))`
}

func imapSecurity(c *converter, s *step, m *mapping) string {
	if c.arg(s, m, "use_ssl").plain() == false {
		return "none"
	}
	return "tls"
}

// imapRow is a row that does something with one mail.
func imapRow(m mapping) mapping {
	m.prepare = func(c *converter, s *step, m *mapping) {
		m.in["connection"] = c.account(s, m, "imap_server", "imap_port", imapSecurity(c, s, m))
		m.in["messages"] = "$email_uid"
	}
	return m
}
