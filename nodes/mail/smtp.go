package mail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/aether-rpa/aether/node"
)

// submitTime is how long a server may take to accept a message that was sent
// whole: it may look for viruses and pass it on meanwhile.
const submitTime = 10 * time.Minute

// submission is a signed-in SMTP connection.
type submission struct {
	c     *smtp.Client
	g     *guard
	conn  connection
	key   string
	stale bool // must not be used again
}

func (s *submission) close() { _ = s.g.Conn.Close() } // nothing waits for it any more

// openSMTP takes an idle connection that still answers, or makes one.
func openSMTP(ctx context.Context, env *node.Env, c connection) (*submission, error) {
	c = c.resolve("smtp")
	key := c.key("smtp", env)
	for {
		old, ok := idlePool.take(key).(*submission)
		if !ok {
			break
		}
		old.g.arm(ctx)
		if old.c.Noop() == nil {
			return old, nil
		}
		old.g.disarm()
		old.close()
	}
	g, wire, cfg, err := c.dial(ctx, env)
	if err != nil {
		return nil, err
	}
	s := &submission{g: g, conn: c, key: key}
	fail := func(err error) (*submission, error) {
		err = s.tell(ctx, err)
		g.disarm()
		s.close()
		return nil, err
	}
	if c.Security == "starttls" {
		if s.c, err = smtp.NewClientStartTLS(wire, cfg); err != nil {
			return fail(err)
		}
	} else {
		s.c = smtp.NewClient(wire)
	}
	if err := s.c.Hello(localName(g.LocalAddr())); err != nil {
		return fail(err)
	}
	mech, err := c.mechanism(s.c.SupportsAuth)
	if err != nil {
		return fail(err)
	}
	if mech != nil {
		if err := s.c.Auth(mech); err != nil {
			var refused *smtp.SMTPError
			if errors.As(err, &refused) {
				f := node.Fail(node.KindDenied, fmt.Sprintf("%s does not let %s in: %s", c.addr(), c.User, refused.Message), "check user, password or token; with two-factor sign-in an app password is needed")
				f.Code = strconv.Itoa(refused.Code)
				f.Permanent = refused.Code/100 == 5
				return fail(f)
			}
			return fail(err)
		}
	}
	return s, nil
}

// localName is how we introduce ourselves: by address, since a machine that
// runs flows seldom has a name that the world knows.
func localName(a net.Addr) string {
	host, _, err := net.SplitHostPort(a.String())
	if err != nil {
		return "localhost"
	}
	host, _, _ = strings.Cut(host, "%")
	if strings.Contains(host, ":") {
		return "[IPv6:" + host + "]"
	}
	return "[" + host + "]"
}

// release gives the connection back.
func (s *submission) release() {
	s.g.disarm()
	if s.stale {
		s.close()
		return
	}
	idlePool.put(s.key, s)
}

func (s *submission) tell(ctx context.Context, err error) error {
	var said *smtp.SMTPError
	if !errors.As(err, &said) {
		s.stale = true
		return s.conn.tell(ctx, s.g, err)
	}
	f := node.Fail(node.KindError, fmt.Sprintf("%s answered %d: %s", s.conn.addr(), said.Code, cleanText(said.Message)), smtpHint(said.Code))
	f.Code, f.Permanent = strconv.Itoa(said.Code), said.Code/100 == 5
	if said.Code == 421 {
		s.stale = true
	}
	return f
}

func smtpHint(code int) string {
	switch code {
	case 421, 450, 451, 452:
		return "the server asks to try again later"
	case 530, 535, 538:
		return "give user and password, and check security"
	case 550, 551, 553, 554:
		return "check the sender: most servers send only for the address of the account; and the recipients"
	case 552:
		return "the message is too large, or a mailbox is full"
	}
	return ""
}

// rejection is a recipient that the server refused.
type rejection struct {
	Address string `json:"address" doc:"Address of the recipient."`
	Code    int    `json:"code" doc:"SMTP code, for instance 550."`
	Reason  string `json:"reason" doc:"What the server said."`
}

// delivered is what became of a message.
type delivered struct {
	accepted []string
	rejected []rejection
	response string
}

// deliver hands a message over. All or none of the accepted recipients get it.
func (s *submission) deliver(ctx context.Context, m *outgoing, all bool) (delivered, error) {
	out := delivered{accepted: []string{}, rejected: []rejection{}}
	if most, ok := s.c.MaxMessageSize(); ok && most > 0 && m.size > int64(most) {
		return out, input("attach less, or send a link", "the message has %d bytes, and %s takes at most %d", m.size, s.conn.addr(), most)
	}
	opts := &smtp.MailOptions{Size: m.size, UTF8: m.utf8}
	if err := s.c.Mail(m.from, opts); err != nil {
		if strings.Contains(err.Error(), "SMTPUTF8") {
			return out, input("use an address in plain letters", "%s does not take addresses with letters outside of ASCII before the @", s.conn.addr())
		}
		return out, s.tell(ctx, err)
	}
	for _, to := range m.rcpts {
		err := s.c.Rcpt(to, nil)
		var said *smtp.SMTPError
		switch {
		case err == nil:
			out.accepted = append(out.accepted, to)
		case errors.As(err, &said) && said.Code != 421:
			out.rejected = append(out.rejected, rejection{to, said.Code, cleanText(said.Message)})
		default:
			return out, s.tell(ctx, err)
		}
	}
	if len(out.accepted) == 0 || all && len(out.rejected) > 0 {
		if s.c.Reset() != nil {
			s.stale = true
		}
		return out, refused(out, s.conn.addr())
	}
	return out, s.data(ctx, m, &out)
}

func refused(d delivered, addr string) error {
	first := d.rejected[0]
	f := node.Fail(node.KindError, fmt.Sprintf("%s refused %d of %d recipients, nothing was sent; %s: %d %s", addr, len(d.rejected), len(d.rejected)+len(d.accepted), first.Address, first.Code, first.Reason), "check the addresses; a server that says relaying is denied wants user and password")
	f.Code = strconv.Itoa(first.Code)
	f.Permanent = true
	list := []any{}
	for _, r := range d.rejected {
		f.Permanent = f.Permanent && r.Code/100 == 5
		list = append(list, map[string]any{"address": r.Address, "code": r.Code, "reason": r.Reason})
	}
	f.Details = map[string]any{"rejected": list}
	return f
}

// data sends the message itself.
func (s *submission) data(ctx context.Context, m *outgoing, out *delivered) error {
	w, err := s.c.Data()
	if err != nil {
		return s.tell(ctx, err)
	}
	// From here on the connection is in the middle of a message: if anything
	// fails it is cut, so that half a message is never taken for a whole one.
	if err := m.write(ctx, w); err != nil {
		s.stale = true
		if s.g.stalled.Load() || isNet(err) {
			return s.conn.tell(ctx, s.g, err)
		}
		return err
	}
	s.g.patience(max(submitTime, s.conn.Timeout))
	defer s.g.patience(s.conn.Timeout)
	res, err := w.CloseWithResponse()
	if err == nil {
		out.response = cleanText(res.StatusText)
		return nil
	}
	var said *smtp.SMTPError
	if errors.As(err, &said) {
		return s.tell(ctx, err)
	}
	s.stale = true
	f := node.Fail(node.KindInterrupted, fmt.Sprintf("talking to %s: the connection was cut before the server confirmed the message; whether it was sent is unknown", s.conn.addr()), "look in the sent mail or ask a recipient for the Message-ID "+m.id+" before sending again")
	f.Permanent = true
	return f
}

func isNet(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe)
}
