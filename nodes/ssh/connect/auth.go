package connect

import (
	"context"
	"errors"
	"net"
	"strings"

	gossh "golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/aether-rpa/aether/node"
)

// auth returns the ways to log in, in the order in which they are tried, and
// what to do when the login is over.
func (s *Settings) auth(ctx context.Context, env *node.Env) ([]gossh.AuthMethod, func(), error) {
	var signers []gossh.Signer
	done := func() {}
	if len(s.keys) > 0 {
		key, err := s.signer()
		if err != nil {
			return nil, done, err
		}
		signers = append(signers, key)
	}
	if s.Agent || s.Password.Empty() && len(s.keys) == 0 {
		keys, end, err := agentKeys(ctx, env)
		if err != nil && s.Agent {
			return nil, done, err
		}
		if err == nil {
			signers, done = append(signers, keys...), end
		}
	}
	var out []gossh.AuthMethod
	if len(signers) > 0 {
		out = append(out, gossh.PublicKeys(signers...))
	}
	if !s.Password.Empty() {
		out = append(out, gossh.Password(s.Password.Reveal()), gossh.KeyboardInteractive(s.answer()))
	}
	return out, done, nil
}

// mostQuestions bounds how often a server may ask.
const mostQuestions = 10

// answer gives the password to questions whose answer is not shown.
func (s *Settings) answer() gossh.KeyboardInteractiveChallenge {
	rounds := 0
	return func(_, _ string, questions []string, echos []bool) ([]string, error) {
		if rounds++; rounds > mostQuestions || len(questions) > mostQuestions {
			return nil, errors.New("the server asks too much")
		}
		answers := make([]string, len(questions))
		for i := range questions {
			if !echos[i] {
				answers[i] = s.Password.Reveal()
			}
		}
		return answers, nil
	}
}

func (s *Settings) signer() (key gossh.Signer, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = input("make it anew with ssh-keygen", "the private key is damaged")
		}
	}()
	if strings.HasPrefix(string(s.keys), "PuTTY-User-Key-File") {
		return nil, input("convert it with puttygen key.ppk -O private-openssh -o key", "the private key is in the format of PuTTY")
	}
	var missing *gossh.PassphraseMissingError
	key, err = gossh.ParsePrivateKey(s.keys)
	switch {
	case err == nil:
		return key, nil
	case !errors.As(err, &missing):
		return nil, input("give the private key as OpenSSH or PEM text, from -----BEGIN to -----END", "the private key cannot be read")
	case s.Passphrase.Empty():
		return nil, input("give its passphrase", "the private key is encrypted")
	}
	if key, err = gossh.ParsePrivateKeyWithPassphrase(s.keys, []byte(s.Passphrase.Reveal())); err != nil {
		return nil, input("check passphrase", "the private key cannot be decrypted with the passphrase")
	}
	return key, nil
}

// agentKeys asks the agent of the environment. The connection to it is needed
// until the login is over.
func agentKeys(ctx context.Context, env *node.Env) ([]gossh.Signer, func(), error) {
	path := ""
	for _, v := range env.Environ {
		if name, value, _ := strings.Cut(v, "="); name == "SSH_AUTH_SOCK" {
			path = value
		}
	}
	if path == "" {
		return nil, nil, input("start one, or give a key", "there is no SSH agent: SSH_AUTH_SOCK is not set")
	}
	// A socket of this machine is no network, so the egress policy has no say.
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
	if err != nil {
		return nil, nil, fail(node.KindError, "start it again, or give a key", "the SSH agent does not answer: %v", err)
	}
	end := func() { _ = conn.Close() }
	keys, err := agent.NewClient(conn).Signers()
	if err != nil || len(keys) == 0 {
		end()
		return nil, nil, fail(node.KindError, "add one with ssh-add", "the SSH agent gives no keys")
	}
	return keys, end, nil
}
