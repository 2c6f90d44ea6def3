package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/aether-rpa/aether/internal/app"
	"github.com/aether-rpa/aether/internal/config"
	"github.com/aether-rpa/aether/internal/queue"
	"github.com/aether-rpa/aether/internal/remote"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/vault"
)

// remoteFlags say which orchestrator a robot dials out to.
type remoteFlags struct{ server, tokenFile, ca string }

func (f *remoteFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.server, "server", "", "Address of an orchestrator, https://HOST:PORT: take its jobs over HTTPS, without a database.")
	cmd.Flags().StringVar(&f.tokenFile, "token-file", "", "File with the token for --server. Default: the variable AETHER_ROBOT_TOKEN.")
	cmd.Flags().StringVar(&f.ca, "server-ca", "", "PEM file with the certificate of the orchestrator or of who signed it, if the system does not trust it.")
}

// maxTokenFile is more than any token or chain of certificates has.
const maxTokenFile = 1 << 20

func readSmall(path, what string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, badInput(fmt.Errorf("reading %s: %w", what, err))
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxTokenFile))
	if err != nil {
		return nil, badInput(fmt.Errorf("reading %s: %w", what, err))
	}
	return b, nil
}

// remoteClient makes the client for an orchestrator.
func (c *command) remoteClient(f remoteFlags, cfg *config.Config) (*remote.Client, error) {
	token, _ := c.lookupWithDotenv(cfg)("AETHER_ROBOT_TOKEN")
	if f.tokenFile != "" {
		b, err := readSmall(f.tokenFile, "the token")
		if err != nil {
			return nil, err
		}
		token = string(b)
	}
	var ca []byte
	if f.ca != "" {
		var err error
		if ca, err = readSmall(f.ca, "the certificate of the orchestrator"); err != nil {
			return nil, err
		}
	}
	machine, err := remote.Machine(cfg.DataDir)
	if err != nil {
		return nil, err
	}
	client, err := remote.NewClient(f.server, vault.New(strings.TrimSpace(token)), machine, ca)
	if errors.Is(err, remote.ErrInput) {
		return nil, badInput(err)
	}
	return client, err
}

// beRemote is a robot that dials out to an orchestrator.
func (c *command) beRemote(cmd *cobra.Command, f remoteFlags, name string, labels []string, slots int) error {
	cfg, _, err := c.config(cmd)
	if err != nil {
		return err
	}
	if cfg.Database.Kind != config.KindSQLite {
		return badInput(errors.New("a robot with --server works without a database server, from a data folder of its own: take the database address out of its settings (`aether config` shows where it stands)"))
	}
	client, err := c.remoteClient(f, cfg)
	if err != nil {
		return err
	}
	s, err := c.open(cmd, nil, 0)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	ctx, interrupt := context.WithCancel(cmd.Context())
	defer interrupt()
	if err := s.Start(ctx, true); err != nil {
		return err
	}
	leave, err := c.ownFolder(ctx, s, name)
	if err != nil {
		return err
	}
	defer leave()
	say := c.sayer()
	drain, done := make(chan struct{}), make(chan struct{})
	defer close(done)
	go c.stopOnSignals(say, drain, interrupt, done)
	labels = append(labels, "remote")
	say.online(name, labels, slots)
	a := &remote.Agent{
		Client: client, Robot: s.Robot, Env: vault.Env{Lookup: s.Lookup}, Name: name, Labels: labels, Facts: c.facts(ctx, s, say), Slots: slots,
		Observe: c.sayJobs(say), Log: s.Log,
	}
	err = a.Serve(ctx, drain)
	var no *remote.Refused
	var untrusted *remote.CertificateError
	if errors.As(err, &no) || errors.As(err, &untrusted) {
		return badInput(err)
	}
	if err == nil {
		say.offline(name)
	}
	return err
}

// ownFolder makes sure that no other robot works from the same data folder.
func (c *command) ownFolder(ctx context.Context, s *app.System, name string) (leave func(), err error) {
	err = s.Queue.Register(ctx, queue.Robot{Name: name, Owner: s.Robot.Owner, Slots: 1}, func(owner string) bool { return run.Alive(owner) == run.Dead })
	if errors.Is(err, queue.ErrNameTaken) {
		return nil, badInput(fmt.Errorf("another robot works from this data folder: %w", err))
	}
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	wg.Go(func() {
		t := time.NewTicker(10 * time.Second)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				if _, err := s.Queue.Beat(ctx, name, s.Robot.Owner, queue.Online, 0); err != nil && ctx.Err() == nil {
					s.Log.Warn("saying that this robot lives", "err", err)
				}
			case <-ctx.Done():
				return
			}
		}
	})
	return func() {
		cancel()
		wg.Wait()
		if _, err := s.Queue.Beat(context.WithoutCancel(ctx), name, s.Robot.Owner, queue.Offline, 0); err != nil {
			s.Log.Warn("saying good-bye", "err", err)
		}
	}, nil
}
