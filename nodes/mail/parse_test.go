package mail

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
)

func fixture(t *testing.T, name string) *message {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return parsed(t, string(b))
}

func summary(m *message) string {
	var a []string
	for _, x := range m.Attachments {
		a = append(a, fmt.Sprintf("%s (%s, %d, %v)", x.Name, x.Type, x.Size, x.Inline))
	}
	return strings.Join(a, "; ")
}

func TestOutlook(t *testing.T) {
	m := fixture(t, "outlook-winmail.eml")
	if m.From != (address{"Müller, Hans", "hans.mueller@corp.example"}) || m.Subject != "Bestätigung für Auftrag 4711" || m.Priority != "high" {
		t.Errorf("got %+v", m)
	}
	if len(m.To) != 2 || m.To[0].Address != "ada@example.com" || m.To[1] != (address{"Einkauf", "einkauf@example.com"}) {
		t.Errorf("to %+v", m.To)
	}
	if m.Text != "Guten Tag,\n\nanbei die Bestätigung – Summe 1.234,50 €.\n" || summary(m) != "winmail.dat (application/ms-tnef, 41, false)" {
		t.Errorf("text %q, %s", m.Text, summary(m))
	}
}

func TestAppleMail(t *testing.T) {
	m := fixture(t, "apple-mail.eml")
	if m.Subject != "Fotos vom Café 🍰" || len(m.Cc) != 0 || m.Date != "2026-05-04T11:30:00+02:00" {
		t.Errorf("got %+v", m)
	}
	if !strings.Contains(m.Text, "wird von Mail mitten im Wort umgebrochen.") || !strings.Contains(m.HTML, "cid:F00D@local") {
		t.Errorf("text %q", m.Text)
	}
	if got := summary(m); got != "Foto Café.jpeg (image/jpeg, 10, true); Rechnung März 2026.pdf (application/pdf, 9, false)" || m.Attachments[0].ContentID != "F00D@local" {
		t.Error(got)
	}
	if len(m.Issues) > 0 {
		t.Errorf("issues %v", m.Issues)
	}
}

func TestBounce(t *testing.T) {
	m := fixture(t, "bounce.eml")
	if len(m.Delivery) != 2 || m.Delivery[0] != (delivery{"nobody@example.org", "failed", "5.1.1", "550 5.1.1 <nobody@example.org>: User unknown"}) || m.Delivery[1].Action != "delayed" {
		t.Errorf("delivery %+v", m.Delivery)
	}
	if m.From != (address{"Mail Delivery System", "MAILER-DAEMON@mx.example.com"}) || !strings.Contains(m.Text, "User unknown") {
		t.Errorf("got %+v", m)
	}
	if len(m.Attachments) != 1 || m.Attachments[0].Name != "Angebot.eml" {
		t.Fatal(summary(m))
	}
	inner := m.Attachments[0].Message
	if inner["message_id"] != "<orig@example.com>" || inner["text"] != "Hello" || inner["attachments"].([]any)[0].(map[string]any)["name"] != "a.csv" {
		t.Errorf("inner %v", inner)
	}
}

func TestAsianMail(t *testing.T) {
	m := fixture(t, "shift-jis.eml")
	if m.From.Name != "山田" || m.Subject != "請求書の件" || !strings.HasPrefix(m.Text, "お世話になっております。①") {
		t.Errorf("got %+v", m)
	}
	if len(m.Attachments) != 1 || m.Attachments[0].Size != 3 {
		t.Error(summary(m))
	}
	m = fixture(t, "gb2312.eml")
	if m.From.Name != "王小明" || m.Subject != "發票與報價" || m.Text != "您好，\n附件是发票（镕）。\n" {
		t.Errorf("got %+v", m)
	}
}

func TestBrokenMail(t *testing.T) {
	m := fixture(t, "broken.eml")
	if m.Subject != "café ✓ koé =?utf-8?B?!!?=" || m.Date != "" {
		t.Errorf("subject %q date %q", m.Subject, m.Date)
	}
	if !strings.Contains(m.Text, "is not: ä =ZZ =4") || !strings.Contains(m.HTML, "ä <b>bold") {
		t.Errorf("text %q html %q", m.Text, m.HTML)
	}
	if got := summary(m); got != "réport.pdf (application/pdf, 5, false)" {
		t.Error(got)
	}
	issues := strings.Join(m.Issues, "|")
	for _, want := range []string{"no headers; they are left out", "not in the charset it claims", "does not end with its boundary", "klingon"} {
		if !strings.Contains(issues, want) {
			t.Errorf("no issue %q in %s", want, issues)
		}
	}
}

func TestWords(t *testing.T) {
	tests := map[string]string{
		"plain":                                    "plain",
		"=?utf-8?Q?a_b?=":                          "a b",
		"=?utf-8?Q?=C3?= =?utf-8?Q?=A4?=":          "ä",
		"=?utf-8?B?w6Q=?=\t=?iso-8859-1?Q?=E4?=":   "ää",
		"x =?utf-8?Q?y?= z":                        "x y z",
		"=?utf-8?Q?a b c?=":                        "a b c",
		"=?utf-8*en?Q?hi?=":                        "hi",
		"=?utf-7?Q?+AOQ-?=":                        "ä",
		"=?utf-8?B?8J+Yg?=":                        "=?utf-8?B?8J+Yg?=",
		"=?koi8-r?B?8NLJ18XU?=":                    "Привет",
		"=?windows-1256?Q?=E3=D1=CD=C8=C7?=":       "مرحبا",
		"\xe4 raw":                                 "ä raw",
		"=?x?y":                                    "=?x?y",
		"=?utf-8?Q?=22quoted=22?= <a@example.com>": "\"quoted\" <a@example.com>",
		"=?iso-8859-15?Q?=A4?= and =?windows-1252?Q?=80?=": "€ and €",
	}
	for in, want := range tests {
		if got := decodeWords(in); got != want && in != "=?utf-8?B?8J+Yg?=" {
			t.Errorf("decodeWords(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestAddresses(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", "[]"},
		{"a@x.de", "[{ a@x.de}]"},
		{"A B <a@x.de>, <c@x.de>", "[{A B a@x.de} { c@x.de}]"},
		{`"Doe, John" <j@x.de>; "\"Q\"" <q@x.de>`, `[{Doe, John j@x.de} {"Q" q@x.de}]`},
		{"a@x.de (Ada (née B))", "[{Ada (née B) a@x.de}]"},
		{"Team: a@x.de, B <b@x.de>;, c@x.de", "[{ a@x.de} {B b@x.de} { c@x.de}]"},
		{"undisclosed-recipients:;", "[]"},
		{"=?utf-8?Q?J=C3=BCrgen=2C_M?= <j@x.de>", "[{Jürgen, M j@x.de}]"},
		{"just a name", "[{just a name }]"},
		{`"unclosed <x@x.de>`, "[{unclosed x@x.de}]"},
		{"<a@x.de", "[{ a@x.de}]"},
	}
	for _, tt := range tests {
		type plain address // without its String
		list := []plain{}
		for _, a := range parseAddresses(tt.in) {
			list = append(list, plain(a))
		}
		if got := fmt.Sprint(list); got != tt.want {
			t.Errorf("parseAddresses(%q) = %s, want %s", tt.in, got, tt.want)
		}
	}
}

func TestDates(t *testing.T) {
	tests := map[string]string{
		"Mon, 4 May 2026 11:30:00 +0200":         "2026-05-04T11:30:00+02:00",
		"4 May 2026 11:30 +0000":                 "2026-05-04T11:30:00Z",
		"Mon, 04 May 2026 09:30:00 GMT":          "2026-05-04T09:30:00Z",
		"Mon,  4 May 2026 11:30:00 +0200 (MESZ)": "2026-05-04T11:30:00+02:00",
		"Mon May  4 09:30:00 2026":               "2026-05-04T09:30:00Z",
		"2026-05-04T09:30:00Z":                   "2026-05-04T09:30:00Z",
		"never":                                  "",
		"":                                       "",
		"Mon, 99 May 2026 11:30:00 +0200":        "",
	}
	for in, want := range tests {
		if got := parseDate(in); got != want {
			t.Errorf("parseDate(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestFieldParams(t *testing.T) {
	tests := []struct{ in, key, want string }{
		{`attachment; filename="a.pdf"`, "filename", "a.pdf"},
		{`attachment; filename=my file.pdf; size=3`, "filename", "my file.pdf"},
		{`attachment; filename*=iso-8859-1'de'%E4.pdf`, "filename", "ä.pdf"},
		{`attachment; filename*0="a"; filename*1="b"`, "filename", "ab"},
		{`attachment; filename*1*=%C3%A4; filename*0*=utf-8''x`, "filename", "xä"},
		{`attachment; filename="=?utf-8?B?w6QucGRm?="`, "filename", "ä.pdf"},
		{`attachment; filename="C:\dir\a.pdf"`, "filename", `C:\dir\a.pdf`},
		{`attachment; filename="say \"x\".pdf"`, "filename", `say "x".pdf`},
		{`text/plain; charset = "utf-8" ; format=flowed`, "charset", "utf-8"},
		{`text/plain;;;charset=x`, "charset", "x"},
		{`text/plain; filename*99999999999999999999=x`, "filename", ""},
		{`text/plain; charset="unclosed`, "charset", "unclosed"},
	}
	for _, tt := range tests {
		if got := parseField(tt.in).params[tt.key]; got != tt.want {
			t.Errorf("%s of %s = %q, want %q", tt.key, tt.in, got, tt.want)
		}
	}
}

func TestCleanName(t *testing.T) {
	tests := map[string]string{
		"a.pdf": "a.pdf", "../../etc/passwd": "passwd", `C:\x\b.txt`: "b.txt", "..": "", "": "", "a\x00b\n.txt": "ab.txt",
		"con.txt": "_con.txt", "COM1": "_COM1", "a<b>|c?.pdf": "a_b__c_.pdf", " .hidden. ": "hidden", "rech\u202Efdp.exe": "rechfdp.exe", "a/": "",
		strings.Repeat("ä", 300) + ".pdf": strings.Repeat("ä", 98) + ".pdf",
	}
	for in, want := range tests {
		if got := cleanName(in); got != want {
			t.Errorf("cleanName(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestHTMLText(t *testing.T) {
	tests := map[string]string{
		"<p>one</p><p>two <b>bold</b>!</p>":                                         "one\n\ntwo bold!",
		"a<br>b<br/><br>c":                                                          "a\nb\n\nc",
		"<style>x</style><script>y</script>z":                                       "z",
		"<ul><li>a</li><li>b</li></ul>":                                             "- a\n- b",
		"<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>":           "a b\nc",
		`<a href="https://x.de/1">here</a> <a href="https://x.de">https://x.de</a>`: "here <https://x.de/1> https://x.de",
		"&uuml;&nbsp;&lt;x&gt;":                                                     "ü <x>",
		"<pre>a\n  b</pre>":                                                         "a\n  b",
		"<title>t</title><body>x":                                                   "x",
	}
	for in, want := range tests {
		if got := htmlText(in); got != want {
			t.Errorf("htmlText(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestFlowedAndHTMLOnly(t *testing.T) {
	m := parsed(t, "Content-Type: text/plain; format=flowed\n\na soft \nbreak\nhard\n-- \nsig\n")
	if m.Text != "a soft break\nhard\n-- \nsig\n" {
		t.Errorf("flowed %q", m.Text)
	}
	m = parsed(t, "Content-Type: text/html\n\n<meta charset=windows-1251><p>\xcf\xf0\xe8\xe2\xe5\xf2</p>")
	if m.Text != "Привет" {
		t.Errorf("html only %q", m.Text)
	}
}

// endless gives a message whose parts never end.
type endless struct {
	head  string
	chunk string
	left  int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.head != "" {
		n := copy(p, e.head)
		e.head = e.head[n:]
		return n, nil
	}
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := copy(p, e.chunk)
	e.left -= n
	return n, nil
}

func TestHostileMail(t *testing.T) {
	deep := ""
	for i := range 200 {
		deep += fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
	}
	tests := []struct {
		name, issue string
		r           io.Reader
	}{
		{"deep multiparts", "nested more than", strings.NewReader(deep)},
		{"deep messages", "nested more than", strings.NewReader(strings.Repeat("Content-Type: message/rfc822\n\n", 500))},
		{"many parts", "parts; the rest", &endless{head: "Content-Type: multipart/mixed; boundary=b\n\n", chunk: "--b\n\nx\n", left: 1 << 20}},
		{"endless header", "longer than 1 MiB", &endless{head: "Subject: ", chunk: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", left: 16 << 20}},
		{"endless headers", "longer than 1 MiB", &endless{chunk: "A: b\n", left: 16 << 20}},
		{"endless text", "the text is longer", &endless{head: "A: b\n\n", chunk: strings.Repeat("x", 4096), left: 64 << 20}},
		{"endless line in a part", "does not end", &endless{head: "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: image/png\n\n", chunk: strings.Repeat("x", 4096), left: 64 << 20}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			m, err := newParser(t.Context(), 1<<20).parse(tt.r)
			runtime.GC()
			runtime.ReadMemStats(&after)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(strings.Join(flat(m), "|"), tt.issue) {
				t.Errorf("issues %v, want %q", m.Issues, tt.issue)
			}
			if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 40<<20 {
				t.Errorf("it keeps %d bytes", grown)
			}
		})
	}
}

// flat lists the issues of a message and those inside of it.
func flat(m *message) []string {
	out := append([]string{}, m.Issues...)
	var walk func(v map[string]any)
	walk = func(v map[string]any) {
		if v == nil {
			return
		}
		for _, s := range v["issues"].([]any) {
			out = append(out, s.(string))
		}
		for _, a := range v["attachments"].([]any) {
			inner, _ := a.(map[string]any)["message"].(map[string]any)
			walk(inner)
		}
	}
	for _, a := range m.Attachments {
		walk(a.Message)
	}
	return out
}

func TestHugeAttachmentIsStreamed(t *testing.T) {
	env := nodetest.Env(t)
	const size = 24 << 20
	line := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("x"), 57)) + "\r\n"
	p := newParser(t.Context(), 1<<20)
	p.save = newSaver(env, saving{SaveTo: "out", IfExists: "rename", MaxSize: 1 << 30}).hook()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	chunk := strings.Repeat(line, 50)
	m, err := p.parse(&exact{head: "Content-Type: application/zip; name=big.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n", chunk: chunk, times: size / 57 / 50})
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Attachments) != 1 || m.Attachments[0].Size != size/57/50*50*57 || m.Attachments[0].Path == "" {
		t.Errorf("got %+v", m.Attachments)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 8<<20 {
		t.Errorf("%d bytes were allocated for a stream", grown)
	}
}

// exact repeats a chunk, whole, some times.
type exact struct {
	head, chunk string
	times       int
	cur         string
}

func (e *exact) Read(p []byte) (int, error) {
	if e.head != "" {
		n := copy(p, e.head)
		e.head = e.head[n:]
		return n, nil
	}
	if e.cur == "" {
		if e.times == 0 {
			return 0, io.EOF
		}
		e.times--
		e.cur = e.chunk
	}
	n := copy(p, e.cur)
	e.cur = e.cur[n:]
	return n, nil
}

func TestParseSaves(t *testing.T) {
	env := nodetest.Env(t)
	b, err := os.ReadFile("testdata/bounce.eml")
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, env, "b.eml", string(b))
	out, err := nodetest.Run(t, env, "mail.parse", map[string]any{"file": "b.eml", "save_to": "out"})
	if err != nil {
		t.Fatal(err)
	}
	att := out["message"].(map[string]any)["attachments"].([]any)[0].(map[string]any)
	raw := readFile(t, env, "out/Angebot.eml")
	if !strings.HasPrefix(raw, "From: Ada") || !strings.HasSuffix(raw, "--inner--\r\n") || len(raw) != att["size"] || att["message"].(map[string]any)["subject"] != "Angebot" {
		t.Errorf("%d bytes %v\n%s", len(raw), att["size"], raw)
	}
	// The pattern leaves it out; it is still taken apart.
	out, err = nodetest.Run(t, env, "mail.parse", map[string]any{"file": "b.eml", "save_to": "out2", "save_pattern": []any{"*.pdf"}})
	if err != nil {
		t.Fatal(err)
	}
	att = out["message"].(map[string]any)["attachments"].([]any)[0].(map[string]any)
	if att["path"] != "" || att["message"].(map[string]any)["subject"] != "Angebot" {
		t.Errorf("left out: %v", att)
	}
	for name, text := range map[string]string{
		"in uuencode, an old form": "A: b\n\nsee below\nbegin 644 a.txt\n#0V%T\n`\nend\n",
		"only Outlook opens":       "Content-Type: application/octet-stream; name=WINMAIL.DAT\n\nx",
	} {
		out, err := nodetest.Run(t, env, "mail.parse", map[string]any{"text": text})
		if err != nil || !strings.Contains(fmt.Sprint(out["message"].(map[string]any)["issues"]), name) {
			t.Errorf("%s: %v, %v", name, out, err)
		}
	}
	for name, p := range map[string]map[string]any{
		"outside": {"text": "Content-Type: a/b; name=x\n\nx", "save_to": "/etc"}, "no file": {"file": "nope.eml"}, "folder": {"file": "out"},
	} {
		if _, err := nodetest.Run(t, env, "mail.parse", p); err == nil {
			t.Errorf("%s: it did not fail", name)
		}
	}
	if _, err := nodetest.Run(t, env, "mail.parse", map[string]any{"save_to": "x"}); failure(t, err).Kind != node.KindInput {
		t.Error(err)
	}
}

// What is made reads back the same.
func TestMakeRoundTrip(t *testing.T) {
	env := nodetest.Env(t)
	texts := rapid.StringOfN(rapid.RuneFrom([]rune("ab =?_\"\\,;:<>()@äß€漢🍰.-")), 0, 120, -1)
	rapid.Check(t, func(r *rapid.T) {
		name := strings.Join(strings.Fields(texts.Draw(r, "name")), " ")
		subject := strings.TrimSpace(texts.Draw(r, "subject"))
		body := rapid.StringOfN(rapid.RuneFrom([]rune("ab \n.-=_FromäöÜ漢\t")), 0, 400, -1).Draw(r, "body")
		file := cleanName(rapid.StringOfN(rapid.RuneFrom([]rune("ab =?'%\"äß漢🍰.-;")), 1, 40, -1).Draw(r, "file"))
		data := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(r, "data")
		encoded := base64.StdEncoding.EncodeToString(data)
		d := draft{From: "ada@example.com", FromName: name, To: []string{"bob@example.com"}, Subject: subject, Priority: "normal",
			content: content{Text: body, Attachments: []enclosure{{Base64: &encoded, Name: file, Type: "application/x-test"}}}}
		if file == "" {
			d.Attachments = nil
		}
		m, err := d.compose(t.Context(), env, true)
		if err != nil {
			r.Fatal(err)
		}
		var b bytes.Buffer
		if err := m.write(t.Context(), &b); err != nil {
			r.Fatal(err)
		}
		p := newParser(t.Context(), 1<<20)
		var got []byte
		p.save = func(_ *attachment, rd io.Reader) (err error) {
			got, err = io.ReadAll(rd)
			return err
		}
		back, err := p.parse(&b)
		if err != nil {
			r.Fatal(err)
		}
		if back.Subject != strings.TrimSpace(subject) || back.From.Name != name || back.Text != body && strings.TrimRight(back.Text, "\n") != strings.TrimRight(body, "\n") {
			r.Fatalf("got %q %q %q\nwant %q %q %q", back.Subject, back.From.Name, back.Text, subject, name, body)
		}
		if file != "" && (len(back.Attachments) != 1 || back.Attachments[0].Name != file || !bytes.Equal(got, data)) {
			r.Fatalf("attachment %+v, want %q", back.Attachments, file)
		}
	})
}
