package connect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"slices"
	"strings"
	"sync"

	gossh "golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/aether-rpa/aether/node"
)

// hostCheck decides whether a server's key is the right one.
type hostCheck struct {
	s          *Settings
	known      gossh.HostKeyCallback // nil without a known_hosts file
	algorithms []string              // kinds of keys to ask the server for; nil for all
	new        gossh.PublicKey       // a key to be stored when the login is done
	refused    *node.Failure
	pinned     bool     // refused because of the fingerprint
	seen       []string // fingerprints that the server has shown
	lastType   string
}

func (s *Settings) hostKeys(env *node.Env) (*hostCheck, error) {
	h := &hostCheck{s: s}
	if s.Trust == "none" || len(s.pins) > 0 || s.KnownHosts == "" {
		return h, nil
	}
	data, err := readFile(env, s.KnownHosts)
	if errors.Is(err, fs.ErrNotExist) && s.Trust == "on_first_use" {
		return h, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading known_hosts: %w", err)
	}
	if h.known, err = parseKnown(env, data); err != nil {
		return nil, input("correct the file: one key a line, as ssh-keyscan prints them", "%s is not a known_hosts file: %v", s.KnownHosts, err)
	}
	// The server shows the key of the kind asked for first, so it is asked for
	// the kinds that are known of it.
	var ke *knownhosts.KeyError
	if err := h.known(s.Addr(), &net.TCPAddr{}, noKey{}); errors.As(err, &ke) {
		for _, w := range ke.Want {
			h.algorithms = append(h.algorithms, signatures(w.Key.Type())...)
		}
	}
	if len(h.algorithms) > 0 && bytes.Contains(data, []byte("@cert-authority")) {
		for _, a := range s.hostAlgorithms() {
			if strings.Contains(a, "-cert-") {
				h.algorithms = append(h.algorithms, a)
			}
		}
	}
	slices.Sort(h.algorithms)
	h.algorithms = slices.Compact(h.algorithms)
	return h, nil
}

// noKey is a key that no server has.
type noKey struct{}

func (noKey) Type() string                          { return "none" }
func (noKey) Marshal() []byte                       { return nil }
func (noKey) Verify([]byte, *gossh.Signature) error { return errors.New("no key") }

// signatures returns the algorithms that a kind of key signs with.
func signatures(kind string) []string {
	if kind == gossh.KeyAlgoRSA {
		return []string{gossh.KeyAlgoRSASHA512, gossh.KeyAlgoRSASHA256, gossh.KeyAlgoRSA}
	}
	return []string{kind}
}

// parseKnown reads known_hosts. The library reads files of the system only, so
// it is given a copy, without the lines that it would stumble over: keys of
// kinds that do not exist any more. Lines with a marker are never left out.
func parseKnown(env *node.Env, data []byte) (gossh.HostKeyCallback, error) {
	var keep bytes.Buffer
	for line := range bytes.Lines(data) {
		text := bytes.TrimSpace(line)
		if len(text) == 0 || text[0] == '#' {
			continue
		}
		if _, _, _, _, _, err := gossh.ParseKnownHosts(append(slices.Clone(text), '\n')); err != nil && text[0] != '@' {
			continue
		}
		keep.Write(text)
		keep.WriteByte('\n')
	}
	dir, err := env.TempDir()
	if err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(dir, "known-*")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(keep.Bytes())
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	known, err := knownhosts.New(f.Name())
	if err != nil {
		return nil, errors.New(strings.ReplaceAll(err.Error(), f.Name(), "line"))
	}
	return known, nil
}

// key judges the key that the server shows.
func (h *hostCheck) key(host string, addr net.Addr, key gossh.PublicKey) error {
	fp := gossh.FingerprintSHA256(key)
	h.lastType, h.pinned = key.Type(), false
	if cert, ok := key.(*gossh.Certificate); ok {
		fp = gossh.FingerprintSHA256(cert.Key)
	}
	h.seen = append(h.seen, key.Type()+" "+fp)
	if len(h.s.pins) > 0 {
		if slices.Contains(h.s.pins, fp) {
			return nil
		}
		h.pinned = true
		return h.refuse("if the server was really set up anew, have its administrator tell the new fingerprint",
			"%s is not the server that it should be: its keys are %s, and none has the fingerprint given", h.s.Addr(), strings.Join(h.seen, ", "))
	}
	if h.s.Trust == "none" {
		return nil
	}
	if h.known != nil {
		err := h.known(host, addr, key)
		var ke *knownhosts.KeyError
		var revoked *knownhosts.RevokedError
		switch {
		case err == nil:
			return nil
		case errors.As(err, &revoked):
			return h.refuse("do not connect; have the server's key replaced", "the key of %s, %s, is marked as revoked in %s", h.s.Addr(), fp, h.s.KnownHosts)
		case errors.As(err, &ke) && len(ke.Want) > 0:
			return h.refuse("if the server was really set up anew, remove its old keys from the file", "%s is not the server that it was: it shows %s %s, and %s has %s", h.s.Addr(), key.Type(), fp, h.s.KnownHosts, wanted(ke))
		case !errors.As(err, &ke):
			return h.refuse("check the server's certificate", "the host certificate of %s is not valid: %v", h.s.Addr(), err)
		}
	}
	if h.s.Trust == "on_first_use" {
		h.new = key
		return nil
	}
	return h.refuse("compare it with what the server's administrator says, then give it as fingerprint, or add the server to known_hosts (ssh-keyscan)", "the server %s is not known: it shows %s %s", h.s.Addr(), key.Type(), fp)
}

func wanted(ke *knownhosts.KeyError) string {
	var list []string
	for _, w := range ke.Want {
		list = append(list, w.Key.Type()+" "+gossh.FingerprintSHA256(w.Key))
	}
	return strings.Join(list, ", ")
}

func (h *hostCheck) refuse(hint, format string, args ...any) error {
	h.refused = fail(node.KindDenied, hint, format, args...)
	return h.refused
}

// others returns the kinds of keys that are left to ask for, none when that
// would be of no use.
func (h *hostCheck) others(asked []string) []string {
	if h.refused == nil || !h.pinned {
		return nil
	}
	if len(asked) == 0 {
		asked = h.s.hostAlgorithms()
	}
	drop := signatures(h.lastType)
	left := slices.DeleteFunc(slices.Clone(asked), func(a string) bool { return slices.Contains(drop, a) })
	if len(left) == len(asked) {
		return nil
	}
	return left
}

// storing keeps two runs of this process from writing known_hosts at a time.
var storing sync.Mutex

// remember stores the key of a server that was seen for the first time.
func (h *hostCheck) remember(env *node.Env) error {
	if h.new == nil {
		return nil
	}
	storing.Lock()
	defer storing.Unlock()
	data, err := readFile(env, h.s.KnownHosts)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("storing the key of %s: %w", h.s.Addr(), err)
	}
	line := knownhosts.Line([]string{h.s.Addr()}, h.new) + "\n"
	if bytes.Contains(data, []byte(line)) {
		return nil
	}
	if len(data) > 0 && data[len(data)-1] != '\n' {
		line = "\n" + line
	}
	err = env.Files.WriteAtomic(h.s.KnownHosts, 0o600, func(w io.Writer) error {
		_, err := w.Write(append(data, line...))
		return err
	})
	if err != nil {
		return fmt.Errorf("storing the key of %s: %w", h.s.Addr(), err)
	}
	return nil
}

// HostKey is a key that a server has shown.
type HostKey struct {
	Type, Fingerprint, Line string
}

// errSeen ends a handshake when the key was seen.
var errSeen = errors.New("the key was seen")

// HostKeys asks a server for its keys, one connection for each kind. Nobody
// logs in.
func (c Connection) HostKeys(ctx context.Context, env *node.Env) ([]HostKey, error) {
	s, err := c.Resolve(env)
	if err != nil {
		return nil, err
	}
	left := s.hostAlgorithms()
	left = slices.DeleteFunc(left, func(a string) bool { return strings.Contains(a, "-cert-") })
	var out []HostKey
	for len(left) > 0 {
		conn, stop, err := s.socket(ctx, env)
		if err != nil {
			return nil, err
		}
		var seen gossh.PublicKey
		cfg := &gossh.ClientConfig{User: "none", HostKeyAlgorithms: left, HostKeyCallback: func(_ string, _ net.Addr, key gossh.PublicKey) error {
			seen = key
			return errSeen
		}}
		s.allow(cfg)
		_, _, _, err = gossh.NewClientConn(conn, s.Addr(), cfg)
		late := !stop()
		_ = conn.Close()
		var none *gossh.AlgorithmNegotiationError
		switch {
		case seen != nil:
			out = append(out, HostKey{Type: seen.Type(), Fingerprint: gossh.FingerprintSHA256(seen), Line: knownhosts.Line([]string{s.Addr()}, seen)})
			drop := signatures(seen.Type())
			left = slices.DeleteFunc(left, func(a string) bool { return slices.Contains(drop, a) })
			continue
		case errors.As(err, &none) && len(out) > 0:
			return out, nil // no more kinds
		}
		return nil, s.refusal(ctx, err, late, &hostCheck{s: s})
	}
	return out, nil
}
