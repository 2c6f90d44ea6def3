package mail

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
)

var may = time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC)

func simple(from, subject, text string) string {
	return "From: " + from + "\nTo: ada@example.com\nSubject: " + subject + "\nMessage-ID: <" + strings.ReplaceAll(subject, " ", "-") + "@example.com>\nDate: Mon, 4 May 2026 11:30:00 +0200\n\n" + text + "\n"
}

func withPDF(subject, name, content string) string {
	return "From: Bob <bob@example.com>\nTo: ada@example.com\nSubject: " + subject + "\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\nsee " + subject +
		"\n--b\nContent-Type: application/pdf; name=\"" + name + "\"\nContent-Disposition: attachment; filename=\"" + name + "\"\nContent-Transfer-Encoding: base64\n\n" + content + "\n--b--\n"
}

func subjects(t *testing.T, out map[string]any) string {
	t.Helper()
	var s []string
	for _, r := range out["messages"].([]any) {
		s = append(s, r.(map[string]any)["subject"].(string))
	}
	return strings.Join(s, ",")
}

func TestSearch(t *testing.T) {
	m, port := startIMAP(t, "tls", fullCaps)
	env := nodetest.Env(t)
	c := with(conn(port, "tls"), "ca_file", trust(t, env))
	m.add("INBOX", simple("Bob <bob@example.com>", "one", "first body"), may.AddDate(0, 0, -10), imap.FlagSeen)
	m.add("INBOX", simple("Eve <eve@example.com>", "two", "second body"), may, imap.FlagFlagged, "Booked")
	m.add("INBOX", withPDF("three", "../../r.pdf", "JVBERg=="), may.Add(time.Hour))
	m.add("INBOX", simple("Bob <bob@example.com>", "=?utf-8?q?f=C3=BCnf?=", "later"), may.Add(2*time.Hour), imap.FlagAnswered)
	tests := []struct {
		name, want string
		params     []any
	}{
		{"all, newest first", "fünf,three,two,one", nil},
		{"oldest", "one,two", []any{"order", "oldest", "limit", 2}},
		{"limit", "fünf", []any{"limit", 1}},
		{"headers only", "fünf,three,two,one", []any{"bodies", false}},
		{"unread", "fünf,three,two", []any{"status", "unread"}},
		{"read", "one", []any{"status", "read"}},
		{"from", "fünf,three,one", []any{"from", "bob"}},
		{"subject not ASCII", "fünf", []any{"subject", "fünf"}},
		{"body", "two", []any{"body", "second"}},
		{"flagged", "two", []any{"flagged", true}},
		{"not flagged", "fünf,three,one", []any{"flagged", false}},
		{"answered", "fünf", []any{"answered", true}},
		{"keyword", "two", []any{"keywords", []any{"Booked"}}},
		{"no keyword", "fünf,three,one", []any{"not_keywords", []any{"Booked"}}},
		{"day", "fünf,three,two", []any{"since", "2026-05-04"}},
		{"before day", "one", []any{"before", "2026-05-04"}},
		{"time", "fünf,three", []any{"since", "2026-05-04T12:00:00+02:00"}},
		{"span", "three", []any{"since", "2026-05-04T10:00:00Z", "before", "2026-05-04T11:00:00Z"}},
		{"span, no bodies", "three", []any{"since", "2026-05-04T10:00:00Z", "before", "2026-05-04T11:00:00Z", "bodies", false}},
		{"attachments", "three", []any{"has_attachments", true}},
		{"no attachments", "fünf,two", []any{"has_attachments", false, "limit", 2}},
		{"after", "fünf,three", []any{"after_uid", 2}},
		{"after all", "", []any{"after_uid", 4}},
		{"header", "one", []any{"header", map[string]any{"Message-ID": "<one@"}}},
		{"criteria", "two,one", []any{"criteria", `OR (SEEN FROM "bob@") NOT UNFLAGGED`}},
		{"criteria with dates", "two", []any{"criteria", `ON 4-May-2026 KEYWORD Booked`}},
		{"both", "one", []any{"criteria", "ALL", "status", "read"}},
		{"nothing", "", []any{"from", "nobody"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, err := nodetest.Run(t, env, "mail.search", with(map[string]any{"connection": c}, tt.params...))
			if err != nil {
				t.Fatal(err)
			}
			if got := subjects(t, out); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	if n := m.connections(); n != 1 {
		t.Errorf("%d connections, want one for all", n)
	}
	out, err := nodetest.Run(t, env, "mail.search", map[string]any{"connection": c, "has_attachments": true, "bodies": false})
	if err != nil {
		t.Fatal(err)
	}
	row := out["messages"].([]any)[0].(map[string]any)
	att := row["attachments"].([]any)[0].(map[string]any)
	if row["unread"] != true || row["text"] != "" || att["name"] != "r.pdf" || att["type"] != "application/pdf" || row["received"] != "2026-05-04T10:30:00Z" || row["uid"] != 3 || out["uid_next"] != 5 || out["last_uid"] != 3 {
		t.Errorf("row %v\nout %v", row, out)
	}
}

func TestSearchSavesAndMarks(t *testing.T) {
	m, port := startIMAP(t, "starttls", fullCaps)
	env := nodetest.Env(t)
	c := with(conn(port, "starttls"), "ca_file", trust(t, env))
	m.add("INBOX", withPDF("a", "r.pdf", "QUFB"), may)
	m.add("INBOX", withPDF("b", "R.PDF", "QkJC"), may)
	m.add("INBOX", withPDF("c", "note.txt", "Q0ND"), may)
	p := map[string]any{"connection": c, "save_to": "in", "save_pattern": []any{"*.pdf"}, "order": "oldest"}
	for range 2 { // a repeated step makes no copies
		out, err := nodetest.Run(t, env, "mail.search", p)
		if err != nil {
			t.Fatal(err)
		}
		files := out["files"].([]any)
		if len(files) != 2 {
			t.Fatalf("files %v", files)
		}
		first, second := files[0].(map[string]any), files[1].(map[string]any)
		if readFile(t, env, first["path"].(string)) != "AAA" || readFile(t, env, second["path"].(string)) != "BBB" || first["path"] == second["path"] || second["uid"] != 2 || first["size"] != 3 {
			t.Errorf("files %v", files)
		}
		rows := out["messages"].([]any)
		if rows[0].(map[string]any)["attachments"].([]any)[0].(map[string]any)["path"] != first["path"] {
			t.Errorf("row %v", rows[0])
		}
	}
	unread := func() int {
		out, err := nodetest.Run(t, env, "mail.search", map[string]any{"connection": c, "status": "unread", "bodies": false})
		if err != nil {
			t.Fatal(err)
		}
		return out["count"].(int)
	}
	if n := unread(); n != 3 {
		t.Errorf("reading left %d of 3 unread", n)
	}
	if _, err := nodetest.Run(t, env, "mail.search", with(p, "mark_read", true, "limit", 1)); err != nil {
		t.Fatal(err)
	}
	if n := unread(); n != 2 {
		t.Errorf("%d unread after marking one", n)
	}
	// Other ways with files that are there.
	for _, tt := range []struct {
		how   string
		files int
		fails bool
	}{{"replace", 2, false}, {"skip", 0, false}, {"error", 0, true}} {
		out, err := nodetest.Run(t, env, "mail.search", with(p, "if_exists", tt.how))
		if tt.fails {
			if f := failure(t, err); !strings.Contains(f.Message, "exists already") {
				t.Errorf("%s: %v", tt.how, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		// r.pdf and R.PDF are one name where capitals do not count.
		if n := len(out["files"].([]any)); n != tt.files && tt.how != "skip" {
			t.Errorf("%s: %d files", tt.how, n)
		}
	}
	_, err := nodetest.Run(t, env, "mail.search", with(p, "max_attachment_size", 2, "save_to", "small"))
	if f := failure(t, err); f.Kind != node.KindInput || !strings.Contains(f.Message, "larger than 2 bytes") {
		t.Errorf("too large: %v", err)
	}
}

func TestGet(t *testing.T) {
	m, port := startIMAP(t, "none", fullCaps)
	env := nodetest.Env(t)
	p := map[string]any{"connection": conn(port, "none")}
	m.add("INBOX", simple("a@example.com", "one", "hello"), may)
	m.add("INBOX", withPDF("two", "x.pdf", "QUFB"), may)
	out, err := nodetest.Run(t, env, "mail.get", with(p, "uid", 2, "save_to", "in", "save_eml", "in/two.eml"))
	if err != nil {
		t.Fatal(err)
	}
	msg := out["message"].(map[string]any)
	if msg["subject"] != "two" || msg["text"] != "see two" || msg["unread"] != true || len(out["files"].([]any)) != 1 {
		t.Errorf("got %v", out)
	}
	if raw := readFile(t, env, "in/two.eml"); len(raw) != msg["size"] || !strings.HasPrefix(raw, "From: Bob") {
		t.Errorf("raw %q", raw)
	}
	out, err = nodetest.Run(t, env, "mail.get", with(p, "message_id", "one@example.com", "mark_read", true))
	if err != nil || out["message"].(map[string]any)["uid"] != 1 {
		t.Fatalf("by Message-ID: %v %v", out, err)
	}
	out, err = nodetest.Run(t, env, "mail.search", with(p, "status", "read"))
	if err != nil || out["count"] != 1 {
		t.Errorf("marked: %v %v", out, err)
	}
	for name, change := range map[string][]any{
		"gone": {"uid", 99}, "no folder": {"uid", 1, "folder", "Nope"}, "unknown id": {"message_id", "<x@y>"}, "validity": {"uid", 1, "uid_validity", 4711},
	} {
		_, err := nodetest.Run(t, env, "mail.get", with(p, change...))
		if f := failure(t, err); f.Kind != node.KindNotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	dl, err := nodetest.Run(t, env, "mail.download_attachments", with(p, "messages", []any{1, 2, 99}, "if_missing", "ignore", "save_to", "dl"))
	if err != nil || dl["count"] != 1 || dl["missing"].([]any)[0] != 99 {
		t.Errorf("download: %v %v", dl, err)
	}
}

func TestMark(t *testing.T) {
	m, port := startIMAP(t, "none", fullCaps)
	env := nodetest.Env(t)
	c := conn(port, "none")
	m.add("INBOX", simple("a@example.com", "one", "x"), may)
	steps := []struct {
		params []any
		want   string
	}{
		{[]any{"as", "read"}, `\seen`},
		{[]any{"as", "flagged", "add_keywords", []any{"$Booked", "Q1"}}, `$booked \flagged \seen q1`},
		{[]any{"as", "answered", "remove_keywords", []any{"Q1"}}, `$booked \answered \flagged \seen`},
		{[]any{"as", "unread"}, `$booked \answered \flagged`},
		{[]any{"as", "unflagged"}, `$booked \answered`},
		{[]any{"as", "unanswered"}, `$booked`},
	}
	for _, s := range steps {
		if _, err := nodetest.Run(t, env, "mail.mark", with(map[string]any{"connection": c, "messages": "1"}, s.params...)); err != nil {
			t.Fatal(err)
		}
		out, err := nodetest.Run(t, env, "mail.get", map[string]any{"connection": c, "uid": 1})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Trim(strings.ToLower(fmt.Sprint(out["message"].(map[string]any)["flags"])), "[]"); got != s.want {
			t.Errorf("after %v: %s, want %s", s.params, got, s.want)
		}
	}
	for _, bad := range [][]any{{}, {"add_keywords", []any{"two words"}}, {"add_keywords", []any{"\\Seen"}}} {
		if _, err := nodetest.Run(t, env, "mail.mark", with(map[string]any{"connection": c, "messages": 1}, bad...)); failure(t, err).Kind != node.KindInput {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

func TestMoveCopyDelete(t *testing.T) {
	for name, caps := range map[string]imap.CapSet{"full": fullCaps, "old server": {imap.CapIMAP4rev1: {}}} {
		t.Run(name, func(t *testing.T) {
			m, port := startIMAP(t, "none", caps)
			m.create("Deleted Items")
			env := nodetest.Env(t)
			p := map[string]any{"connection": conn(port, "none")}
			for i := range 5 {
				m.add("INBOX", simple("a@example.com", fmt.Sprint("m", i+1), "x"), may)
			}
			found, err := nodetest.Run(t, env, "mail.search", with(p, "subject", "m2", "bodies", false))
			if err != nil {
				t.Fatal(err)
			}
			out, err := nodetest.Run(t, env, "mail.move", with(p, "messages", found["messages"], "to", "Archive/Ü", "create_folder", true))
			if err != nil {
				t.Fatal(err)
			}
			if m.count("INBOX") != 4 || m.count("Archive/Ü") != 1 || out["count"] != 1 {
				t.Errorf("moved: %v", out)
			}
			if name == "full" && (len(out["new_uids"].([]any)) != 1 || out["uid_validity"] == 0) {
				t.Errorf("new UIDs: %v", out)
			}
			// The row still knows where it was, and that is checked.
			_, err = nodetest.Run(t, env, "mail.delete", with(p, "messages", found["messages"]))
			if f := failure(t, err); f.Kind != node.KindNotFound || m.count("INBOX") != 4 {
				t.Errorf("again: %v", err)
			}
			if _, err = nodetest.Run(t, env, "mail.copy", with(p, "messages", []any{1, 3}, "to", "Archive/Ü")); err != nil {
				t.Fatal(err)
			}
			if m.count("INBOX") != 4 || m.count("Archive/Ü") != 3 {
				t.Error("copy")
			}
			del, err := nodetest.Run(t, env, "mail.delete", with(p, "messages", 1))
			if err != nil || del["to"] != "Deleted Items" || m.count("Deleted Items") != 1 || m.count("INBOX") != 3 {
				t.Errorf("to the trash: %v %v", del, err)
			}
			if _, err = nodetest.Run(t, env, "mail.delete", with(p, "messages", []any{3, 77}, "permanent", true, "if_missing", "ignore")); err != nil || m.count("INBOX") != 2 {
				t.Errorf("for good: %v", err)
			}
			_, err = nodetest.Run(t, env, "mail.delete", with(p, "messages", []any{4, 77}, "permanent", true))
			if f := failure(t, err); f.Kind != node.KindNotFound || m.count("INBOX") != 2 {
				t.Errorf("one is missing: %v", err)
			}
			_, err = nodetest.Run(t, env, "mail.move", with(p, "messages", 4, "to", "Nope"))
			if f := failure(t, err); f.Kind != node.KindNotFound || m.count("INBOX") != 2 {
				t.Errorf("no folder: %v", err)
			}
			_, err = nodetest.Run(t, env, "mail.delete", with(p, "messages", 1, "folder", "Deleted Items"))
			if f := failure(t, err); f.Kind != node.KindInput {
				t.Errorf("in the trash already: %v", err)
			}
			if name == "old server" {
				// Somebody else's deleted message must not go along.
				m.add("INBOX", simple("a@example.com", "other", "x"), may, imap.FlagDeleted)
				_, err = nodetest.Run(t, env, "mail.delete", with(p, "messages", 4, "permanent", true))
				if failure(t, err); m.count("INBOX") != 3 {
					t.Errorf("removed others: %v", err)
				}
			}
		})
	}
}

func TestFolderMadeAnew(t *testing.T) {
	m, port := startIMAP(t, "none", fullCaps)
	env := nodetest.Env(t)
	p := map[string]any{"connection": conn(port, "none"), "folder": "Box"}
	m.create("Box", "Trash")
	m.add("Box", simple("a@example.com", "old", "x"), may)
	found, err := nodetest.Run(t, env, "mail.search", p)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.user.Delete("Box"); err != nil {
		t.Fatal(err)
	}
	m.create("Box")
	m.add("Box", simple("a@example.com", "precious", "x"), may)
	for _, typ := range []string{"mail.delete", "mail.move", "mail.copy", "mail.mark", "mail.download_attachments"} {
		q := with(p, "messages", found["messages"])
		switch typ {
		case "mail.move", "mail.copy":
			q["to"] = "Trash"
		case "mail.mark":
			q["as"] = "read"
		case "mail.download_attachments":
			q["save_to"] = "x"
		}
		_, err := nodetest.Run(t, env, typ, q)
		if f := failure(t, err); f.Kind != node.KindNotFound || !strings.Contains(f.Message, "made anew") {
			t.Errorf("%s: %v", typ, err)
		}
	}
	if m.count("Box") != 1 || m.count("Trash") != 0 {
		t.Error("something was done")
	}
}

func TestTargets(t *testing.T) {
	row := func(uid int, folder string, validity int) map[string]any {
		return map[string]any{"uid": uid, "folder": folder, "uid_validity": validity}
	}
	tests := []struct {
		name   string
		in     target
		want   string
		failed bool
	}{
		{"number", target{Messages: 7}, "INBOX 0 [7]", false},
		{"text", target{Messages: " 7 "}, "INBOX 0 [7]", false},
		{"list", target{Messages: []any{3, "1", 3}, UIDValidity: 9}, "INBOX 9 [1 3]", false},
		{"rows", target{Messages: []any{row(3, "A", 5), row(2, "A", 5)}}, "A 5 [2 3]", false},
		{"one row", target{Messages: row(3, "A", 5)}, "A 5 [3]", false},
		{"none", target{Messages: []any{}}, "INBOX 0 []", false},
		{"two folders", target{Messages: []any{row(3, "A", 5), row(2, "B", 5)}}, "", true},
		{"other folder", target{Messages: row(3, "A", 5), Folder: "B"}, "", true},
		{"two validities", target{Messages: []any{row(3, "A", 5), row(2, "A", 6)}}, "", true},
		{"zero", target{Messages: 0}, "", true},
		{"negative", target{Messages: -1}, "", true},
		{"huge", target{Messages: 1 << 32}, "", true},
		{"nil", target{Messages: []any{nil}}, "", true},
		{"word", target{Messages: "all"}, "", true},
	}
	for _, tt := range tests {
		r, err := tt.in.resolve(t.Context())
		if got := fmt.Sprint(r.folder, " ", r.validity, " ", r.uids); (err != nil) != tt.failed || err == nil && got != tt.want {
			t.Errorf("%s: %s, %v", tt.name, got, err)
		}
	}
}

func TestFoldersAndAppend(t *testing.T) {
	m, port := startIMAP(t, "none", fullCaps)
	m.create("Archive/2026", "Entwürfe")
	m.add("INBOX", simple("a@example.com", "one", "x"), may)
	env := nodetest.Env(t)
	p := map[string]any{"connection": conn(port, "none")}
	out, err := nodetest.Run(t, env, "mail.list_folders", with(p, "counts", true))
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, r := range out["folders"].([]any) {
		f := r.(map[string]any)
		got += fmt.Sprint(f["path"], ":", f["name"], ":", f["role"], ":", f["messages"], ":", f["unread"], " ")
	}
	if got != "Archive/2026:2026::0:0 Entwürfe:Entwürfe::0:0 INBOX:INBOX:inbox:1:1 " {
		t.Errorf("got %s", got)
	}
	writeFile(t, env, "big.bin", strings.Repeat("0123456789abcdef", 1<<16))
	stored, err := nodetest.Run(t, env, "mail.append", with(p, "from", "ada@example.com", "to", "bob@example.com", "bcc", "eve@example.com", "subject", "Entwurf", "text", "Hallo", "files", []any{"big.bin"}, "flags", []any{"draft", "read"}))
	if err != nil {
		t.Fatal(err)
	}
	if stored["folder"] != "Entwürfe" || stored["uid"] != 1 {
		t.Errorf("got %v", stored)
	}
	back, err := nodetest.Run(t, env, "mail.get", with(p, "folder", "Entwürfe", "uid", 1, "save_to", "back", "save_eml", "back/m.eml"))
	if err != nil {
		t.Fatal(err)
	}
	msg := back["message"].(map[string]any)
	if msg["unread"] != false || msg["message_id"] != stored["message_id"] || msg["size"] != stored["size"] || len(msg["bcc"].([]any)) != 1 || readFile(t, env, "back/big.bin") != readFile(t, env, "big.bin") {
		t.Errorf("back %v", msg["headers"])
	}
	file, err := nodetest.Run(t, env, "mail.append_file", with(p, "file", "back/m.eml", "folder", "Neu", "create_folder", true, "date", "2026-05-04T09:00:00Z"))
	if err != nil || file["size"] != stored["size"] || m.count("Neu") != 1 {
		t.Errorf("file: %v %v", file, err)
	}
	if got := roleFolder([]folder{{Path: "Trash", Attributes: []string{"\\Noselect"}}, {Path: "INBOX.Deleted Items"}, {Path: "Eimer", Role: "trash"}}, "trash"); got != "Eimer" {
		t.Errorf("the role counts more than the name, got %s", got)
	}
	if got := roleFolder([]folder{{Path: "Trash", Attributes: []string{"\\Noselect"}}, {Path: "INBOX.Deleted Items"}}, "trash"); got != "INBOX.Deleted Items" {
		t.Errorf("by name got %s", got)
	}
	_, err = nodetest.Run(t, env, "mail.append", with(p, "from", "ada@example.com", "role", "sent"))
	if f := failure(t, err); f.Kind != node.KindNotFound {
		t.Errorf("no such role: %v", err)
	}
}

func TestSignIn(t *testing.T) {
	for _, security := range []string{"tls", "starttls", "none"} {
		_, port := startIMAP(t, security, fullCaps)
		env := nodetest.Env(t)
		c := with(conn(port, security), "ca_file", trust(t, env))
		for _, tt := range []struct {
			name   string
			change []any
			kind   string
		}{
			{"auto", nil, ""}, {"login", []any{"auth", "login"}, ""}, {"plain", []any{"auth", "plain"}, ""}, {"token", []any{"token", "t0ken", "password", ""}, ""},
			{"wrong password", []any{"password", "wr0ng"}, node.KindDenied}, {"wrong login", []any{"password", "wr0ng", "auth", "login"}, node.KindDenied},
			{"wrong token", []any{"token", "wr0ng"}, node.KindDenied}, {"not offered", []any{"auth", "cram_md5"}, node.KindDenied}, {"no user", []any{"user", ""}, node.KindInput},
			{"unknown CA", []any{"ca_file", ""}, node.KindNetwork}, {"insecure", []any{"ca_file", "", "insecure", true}, ""},
		} {
			_, err := nodetest.Run(t, env, "mail.list_folders", map[string]any{"connection": with(c, tt.change...)})
			switch {
			case tt.kind == "" || security == "none" && tt.name == "unknown CA":
				if err != nil {
					t.Errorf("%s/%s: %v", security, tt.name, err)
				}
			default:
				if f := failure(t, err); f.Kind != tt.kind {
					t.Errorf("%s/%s: %s %v", security, tt.name, f.Kind, err)
				}
			}
		}
		if security == "none" {
			_, err := nodetest.Run(t, env, "mail.list_folders", map[string]any{"connection": with(c, "security", "starttls")})
			if f := failure(t, err); f.Kind != node.KindNetwork || !strings.Contains(f.Message, "STARTTLS") {
				t.Errorf("no STARTTLS: %v", err)
			}
		}
	}
}
