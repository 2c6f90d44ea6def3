package mail

import (
	"context"
	"errors"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// stored is a message in a mailbox as flows see it.
type stored struct {
	UID         int      `json:"uid" doc:"UID: its number in the folder."`
	UIDValidity int      `json:"uid_validity" doc:"UIDVALIDITY of the folder; with it UIDs are checked."`
	Folder      string   `json:"folder" doc:"Folder it is in."`
	Received    string   `json:"received" doc:"When it arrived, RFC 3339."`
	Size        int      `json:"size" doc:"Size in bytes."`
	Flags       []string `json:"flags" doc:"Flags and keywords as the server keeps them."`
	Unread      bool     `json:"unread" doc:"Whether it is unread."`
	Flagged     bool     `json:"flagged" doc:"Whether it is flagged (starred)."`
	Answered    bool     `json:"answered" doc:"Whether it was answered."`
	message
	HasAttachments bool `json:"has_attachments" doc:"Whether it has attachments; inline images do not count."`
}

// reading says how much of messages to fetch.
type reading struct {
	bodies    bool
	maxText   int
	structure bool // list attachments without fetching them
	saver     *saver
	raw       io.Writer // takes the message as it is; nil for none
}

var wholeMessage = &imap.FetchItemBodySection{Peek: true}
var onlyHeader = &imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader, Peek: true}

// fetch reads messages of the open folder, by UID. Messages that are gone are
// left out.
func (s *session) fetch(ctx context.Context, uids []int, how reading) (map[int]*stored, error) {
	out, err := s.fetchOnce(ctx, uids, how)
	if err != nil && how.structure && !how.bodies && ctx.Err() == nil && !isSaid(err) && !s.g.stalled.Load() {
		// Some servers send structures that nobody can read. The connection is
		// lost by that, so the caller must come again without.
		return nil, errors.Join(errStructure, err)
	}
	return out, s.tell(ctx, err)
}

// errStructure asks for another try without the list of attachments.
var errStructure = errors.New("the server's list of parts could not be read")

func (s *session) fetchOnce(ctx context.Context, uids []int, how reading) (map[int]*stored, error) {
	opts := &imap.FetchOptions{UID: true, Flags: true, InternalDate: true, RFC822Size: true}
	section := onlyHeader
	if how.bodies {
		section = wholeMessage
	}
	opts.BodySection = []*imap.FetchItemBodySection{section}
	if !how.bodies && how.structure {
		opts.BodyStructure = &imap.FetchItemBodyStructure{Extended: true}
	}
	out := map[int]*stored{}
	cmd := s.c.Fetch(uidSet(uids), opts)
	var failed error
	for data := cmd.Next(); data != nil; data = cmd.Next() {
		m, err := s.message(ctx, data, how)
		if err != nil {
			if failed == nil {
				failed = err
			}
			s.stale = true
			_ = s.g.Conn.Close() // what is left of the answer is not wanted
			continue
		}
		if m.UID != 0 && slices.Contains(uids, m.UID) {
			out[m.UID] = m
		}
	}
	err := cmd.Close()
	if failed != nil {
		return nil, failed
	}
	return out, err
}

// message reads what the server sends of one message, as it comes.
func (s *session) message(ctx context.Context, data *imapclient.FetchMessageData, how reading) (*stored, error) {
	m := &stored{UIDValidity: int(s.validity), Folder: s.folder, Flags: []string{}}
	var parsed *message
	var atts []attachment
	saved := 0
	if how.saver != nil {
		saved = len(how.saver.files)
	}
	for item := data.Next(); item != nil; item = data.Next() {
		switch item := item.(type) {
		case imapclient.FetchItemDataUID:
			m.UID = int(item.UID)
		case imapclient.FetchItemDataRFC822Size:
			m.Size = int(item.Size)
		case imapclient.FetchItemDataInternalDate:
			m.Received = isoTime(item.Time)
		case imapclient.FetchItemDataFlags:
			m.flags(item.Flags)
		case imapclient.FetchItemDataBodyStructure:
			atts = listed(item.BodyStructure)
		case imapclient.FetchItemDataBodySection:
			if item.Literal == nil {
				continue
			}
			var err error
			if parsed, err = s.body(ctx, item.Literal, how); err != nil {
				return nil, err
			}
		}
	}
	if parsed == nil {
		parsed = &message{Attachments: []attachment{}, Delivery: []delivery{}, Issues: []string{}, Headers: map[string]string{}, Priority: "normal",
			To: []address{}, Cc: []address{}, Bcc: []address{}, ReplyTo: []address{}, References: []string{}}
	}
	m.message = *parsed
	if how.saver != nil { // the UID may come after the body
		for i := range how.saver.files[saved:] {
			how.saver.files[saved+i].UID = m.UID
		}
	}
	if !how.bodies {
		m.Attachments = append([]attachment{}, atts...)
	}
	m.HasAttachments = slices.ContainsFunc(m.Attachments, func(a attachment) bool { return !a.Inline })
	return m, nil
}

func (s *session) body(ctx context.Context, r io.Reader, how reading) (*message, error) {
	p := newParser(ctx, how.maxText)
	if !how.bodies {
		m := &message{Attachments: []attachment{}, Delivery: []delivery{}, Issues: []string{}}
		h, err := readHeader(newSource(r), m.issue)
		if err != nil {
			return nil, err
		}
		m.envelope(h)
		_, err = io.Copy(io.Discard, r)
		return m, err
	}
	if how.saver != nil {
		p.save = how.saver.hook()
	}
	if how.raw != nil {
		r = io.TeeReader(r, how.raw)
	}
	m, err := p.parse(r)
	if err == nil {
		_, err = io.Copy(io.Discard, r)
	}
	return m, err
}

func (m *stored) flags(flags []imap.Flag) {
	m.Unread = true
	for _, f := range flags {
		m.Flags = append(m.Flags, string(f))
		switch imap.Flag(strings.ToLower(string(f))) {
		case `\seen`:
			m.Unread = false
		case `\flagged`:
			m.Flagged = true
		case `\answered`:
			m.Answered = true
		}
	}
	slices.Sort(m.Flags)
}

func (m *stored) received() time.Time {
	t, err := time.Parse(time.RFC3339, m.Received)
	if err != nil {
		return time.Time{}
	}
	return t
}

// listed are the attachments by what the server says of the parts.
func listed(bs imap.BodyStructure) []attachment {
	out := []attachment{}
	if bs == nil {
		return out
	}
	bs.Walk(func(at []int, part imap.BodyStructure) bool {
		p, ok := part.(*imap.BodyStructureSinglePart)
		if !ok {
			return len(at) < maxDepth
		}
		var disp imap.BodyStructureDisposition
		if d := p.Disposition(); d != nil {
			disp = *d
		}
		kind := strings.ToLower(p.MediaType())
		name := param(disp.Params, "filename")
		if name == "" {
			name = param(p.Params, "name")
		}
		attached := strings.EqualFold(disp.Value, "attachment")
		if !attached && (name == "" && (kind == "text/plain" || kind == "text/html") || kind == "message/delivery-status") {
			return true
		}
		id := strings.Trim(p.ID, "<> ")
		a := attachment{Name: cleanName(name), Type: kind, Size: int(p.Size), ContentID: id, Inline: !attached && id != ""}
		if strings.EqualFold(p.Encoding, "base64") {
			a.Size = a.Size / 78 * 57 // lines of 76 letters and a line break
		}
		if a.Name == "" && kind == "message/rfc822" {
			a.Name = "message.eml"
		}
		if a.Name == "" {
			a.Name = defaultName(kind, len(out)+1)
		}
		if path.Ext(a.Name) == "" && kind == "message/rfc822" {
			a.Name += ".eml"
		}
		out = append(out, a)
		return false // parts inside of an attached message are not ours
	})
	return out
}

// param finds a param of a part, whole, extended or in pieces.
func param(params map[string]string, key string) string {
	var b strings.Builder
	keys := make([]string, 0, len(params))
	for k := range params {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		b.WriteString("; " + k + `="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(params[k]) + `"`)
	}
	return parseField("x" + b.String()).params[key]
}
