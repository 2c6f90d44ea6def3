package robot

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"

	"github.com/aether-rpa/aether/session"
)

// sessions returns the table of an execution's live things.
func (r *Robot) sessions(ctx context.Context, run string, folder func() (string, error)) *session.Table {
	c := session.Config{Providers: r.Sessions, Folder: folder}
	if r.SessionKey == nil {
		return session.New(c)
	}
	// The key is read when it is needed first, as most runs have no session, and kept: each node that changes a session
	// seals its state.
	var mu sync.Mutex
	var known cipher.AEAD
	box := func() (cipher.AEAD, error) {
		mu.Lock()
		defer mu.Unlock()
		if known != nil {
			return known, nil
		}
		key, err := r.SessionKey(ctx, run)
		if err != nil {
			return nil, fmt.Errorf("the key that sessions are sealed with: %w", err)
		}
		known, err = sealer(key, run)
		return known, err
	}
	c.Seal = func(state []byte) ([]byte, error) {
		b, err := box()
		if err != nil {
			return nil, err
		}
		return b.Seal(nil, nil, state, []byte(run)), nil //nolint:gosec // the cipher makes its nonce, see sealer
	}
	c.Unseal = func(sealed []byte) ([]byte, error) {
		b, err := box()
		if err != nil {
			return nil, err
		}
		state, err := b.Open(nil, nil, sealed, []byte(run))
		if err != nil {
			return nil, errors.New("it was sealed with another key, as when the secret store was cleared meanwhile")
		}
		return state, nil
	}
	return session.New(c)
}

// RunKey derives a run's key for sessions from the key of the installation: a robot that is given it can open the
// sessions of that run and of no other (HKDF, RFC 5869).
func RunKey(key []byte, run string) ([]byte, error) {
	return hkdf.Key(sha256.New, key, nil, "aether session of run "+run, 32)
}

// sealer returns AES-256-GCM with a random nonce for each seal.
func sealer(key []byte, run string) (cipher.AEAD, error) {
	if len(key) != 32 {
		return nil, fmt.Errorf("the key of the run %s has %d bytes instead of 32", run, len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// closeSessions ends the live things of an execution.
func (h *host) closeSessions() {
	if err := h.sessions.Close(); err != nil {
		h.robot.Log.Warn("closing what a run had open", "run", h.run.ID, "err", err)
	}
}
