package mail

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/aether-rpa/aether/node"
)

// session is a signed-in IMAP connection.
type session struct {
	c        *imapclient.Client
	g        *guard
	conn     connection
	key      string
	stale    bool
	validity uint32 // UIDVALIDITY of the folder that is open
	folder   string
	next     uint32 // UIDNEXT when it was opened
	keywords []imap.Flag
}

func (s *session) close() { _ = s.g.Conn.Close() } // nothing waits for it any more

// openIMAP takes an idle connection that still answers, or makes one.
func openIMAP(ctx context.Context, env *node.Env, c connection) (*session, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	c = c.resolve("imap")
	key := c.key("imap", env)
	for {
		old, ok := idlePool.take(key).(*session)
		if !ok {
			break
		}
		old.g.arm(ctx)
		if old.c.Noop().Wait() == nil {
			return old, nil
		}
		old.g.disarm()
		old.close()
	}
	s, err := dialIMAP(ctx, env, c, nil)
	if err != nil {
		return nil, err
	}
	s.key = key
	return s, nil
}

// dialIMAP connects and signs in. The handler is told what the server says by
// itself.
func dialIMAP(ctx context.Context, env *node.Env, c connection, handler *imapclient.UnilateralDataHandler) (*session, error) {
	g, wire, cfg, err := c.dial(ctx, env)
	if err != nil {
		return nil, err
	}
	s := &session{g: g, conn: c}
	fail := func(err error) (*session, error) {
		err = s.tell(ctx, err)
		g.disarm()
		s.close()
		return nil, err
	}
	opts := &imapclient.Options{TLSConfig: cfg, UnilateralDataHandler: handler}
	if c.Security == "starttls" {
		if s.c, err = imapclient.NewStartTLS(wire, opts); err != nil {
			var said *imap.Error
			if errors.As(err, &said) {
				err = errors.New("the server does not support STARTTLS")
			}
			return fail(err)
		}
	} else {
		s.c = imapclient.New(wire, opts)
	}
	if err := s.c.WaitGreeting(); err != nil {
		return fail(err)
	}
	if s.c.State() == imap.ConnStateNotAuthenticated {
		if err := s.signIn(ctx); err != nil {
			return fail(err)
		}
	}
	if s.c.Caps().Has(imap.CapID) {
		// Some providers (163.com) show no folder to a program without a name.
		if _, err := s.c.ID(&imap.IDData{Name: "Aether"}).Wait(); err != nil && !isSaid(err) {
			return fail(err)
		}
	}
	return s, nil
}

func (s *session) signIn(ctx context.Context) error {
	c := s.conn
	if c.User == "" {
		return input("give user and password", "a mailbox needs a user")
	}
	caps := s.c.Caps()
	if caps == nil {
		return errors.New("the server does not say what it can do")
	}
	sasl := caps.AuthMechanisms()
	offers := func(name string) bool {
		return slices.ContainsFunc(sasl, func(m string) bool { return strings.EqualFold(m, name) })
	}
	var err error
	simple := c.Auth == "login" || (c.Auth == "auto" || c.Auth == "") && c.Token.Empty() && !offers("PLAIN")
	if simple && !caps.Has(imap.CapLoginDisabled) {
		err = s.c.Login(c.User, c.Password.Reveal()).Wait()
	} else {
		mech, merr := c.mechanism(offers)
		if merr != nil {
			return merr
		}
		if mech == nil {
			return input("set auth to auto", "a mailbox cannot be read without signing in")
		}
		err = s.c.Authenticate(mech)
	}
	var said *imap.Error
	if errors.As(err, &said) {
		f := node.Fail(node.KindDenied, fmt.Sprintf("%s does not let %s in: %s", c.addr(), c.User, cleanText(said.Text)), "check user, password or token; with two-factor sign-in an app password is needed, and IMAP must be switched on")
		f.Code = string(said.Code)
		if said.Code == imap.ResponseCodeUnavailable || said.Code == imap.ResponseCodeInUse || said.Code == imap.ResponseCodeLimit {
			f.Permanent = false
		}
		return f
	}
	return s.tell(ctx, err)
}

// release gives the connection back.
func (s *session) release() {
	s.g.disarm()
	select {
	case <-s.c.Closed():
		s.stale = true
	default:
	}
	if s.stale || s.key == "" {
		s.close()
		return
	}
	idlePool.put(s.key, s)
}

func isSaid(err error) bool {
	var said *imap.Error
	return errors.As(err, &said)
}

// tell turns an error into a failure; what the server said is no reason to
// give the connection up.
func (s *session) tell(ctx context.Context, err error) error {
	var f *node.Failure
	if err == nil || errors.As(err, &f) {
		return err
	}
	var said *imap.Error
	if !errors.As(err, &said) || said.Type == imap.StatusResponseTypeBye {
		s.stale = true
	}
	if said == nil {
		return s.conn.tell(ctx, s.g, err)
	}
	kind, hint := node.KindError, ""
	switch said.Code {
	case imap.ResponseCodeNonExistent, imap.ResponseCodeTryCreate:
		kind, hint = node.KindNotFound, "mail.list_folders shows the folders"
	case imap.ResponseCodeNoPerm, imap.ResponseCodeAuthorizationFailed:
		kind = node.KindDenied
	case imap.ResponseCodeOverQuota:
		hint = "the mailbox is full"
	}
	out := node.Fail(kind, s.conn.addr()+" answered: "+cleanText(said.Text), hint)
	out.Code = string(said.Code)
	return out
}

// unknown is the failure of a command whose answer never came: the effect may
// have happened.
func (s *session) unknown(ctx context.Context, err error, what string) error {
	if err == nil || isSaid(err) {
		return s.tell(ctx, err)
	}
	s.stale = true
	f := node.Fail(node.KindInterrupted, fmt.Sprintf("talking to %s: the connection was cut before the server confirmed; whether %s is unknown", s.conn.addr(), what), "look into the mailbox before running the step again")
	f.Permanent = true
	return f
}

// open opens a folder. Reading only means that nothing there can change.
func (s *session) open(ctx context.Context, folder string, readOnly bool) error {
	if folder == "" {
		folder = "INBOX"
	}
	if err := oneLine("folder", folder); err != nil {
		return err
	}
	data, err := s.c.Select(folder, &imap.SelectOptions{ReadOnly: readOnly}).Wait()
	if err != nil {
		var said *imap.Error
		if errors.As(err, &said) {
			f := node.Fail(node.KindNotFound, fmt.Sprintf("the folder %s cannot be opened: %s", short(folder), cleanText(said.Text)), "mail.list_folders shows the folders with their exact names")
			f.Code = string(said.Code)
			return f
		}
		return s.tell(ctx, err)
	}
	s.folder, s.validity, s.next, s.keywords = folder, data.UIDValidity, uint32(data.UIDNext), data.PermanentFlags
	return nil
}

// checkValidity fails if the folder is not the one that UIDs were taken from.
func (s *session) checkValidity(want int) error {
	if want == 0 || uint32(want) == s.validity {
		return nil
	}
	return node.Fail(node.KindNotFound, fmt.Sprintf("the folder %s was made anew since the messages were read: its UIDVALIDITY was %d and is %d, so their UIDs now mean other messages; nothing was done", short(s.folder), want, s.validity), "search for the messages again")
}

// missing returns which of the UIDs are not in the folder.
func (s *session) missing(ctx context.Context, uids []int) ([]int, error) {
	there := map[int]bool{}
	for chunk := range slices.Chunk(uids, 500) {
		found, err := s.search(ctx, &imap.SearchCriteria{UID: []imap.UIDSet{uidSet(chunk)}})
		if err != nil {
			return nil, err
		}
		for _, u := range found {
			there[u] = true
		}
	}
	missing := []int{}
	for _, u := range uids {
		if !there[u] {
			missing = append(missing, u)
		}
	}
	return missing, nil
}

// search returns the UIDs that fit, in ascending order.
func (s *session) search(ctx context.Context, c *imap.SearchCriteria) ([]int, error) {
	data, err := s.c.UIDSearch(c, nil).Wait()
	if err != nil {
		return nil, s.tell(ctx, err)
	}
	set, ok := data.All.(imap.UIDSet)
	if !ok || len(set) == 0 {
		return []int{}, nil
	}
	uids := numbers(set)
	if uids == nil {
		s.stale = true
		return nil, node.Failf(node.KindError, "%s answered a search with more messages than there can be", s.conn.addr())
	}
	slices.Sort(uids)
	return uids, nil
}

func uidSet(uids []int) imap.UIDSet {
	var set imap.UIDSet
	for _, u := range uids {
		set.AddNum(imap.UID(u))
	}
	return set
}
