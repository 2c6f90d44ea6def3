package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aether-rpa/aether/internal/app"
	"github.com/aether-rpa/aether/internal/element"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/remote"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/vault"
)

// healDesk is where the commands on heals do their work: on the database of this machine, or at an orchestrator.
type healDesk interface {
	list(ctx context.Context, f element.Filter) ([]*element.Heal, error)
	get(ctx context.Context, id int64) (*element.Heal, error)
	decide(ctx context.Context, what string, d orch.HealDecision) (*element.Heal, error)
	page(ctx context.Context, h *element.Heal) (io.ReadCloser, error)
	around(ctx context.Context, h *element.Heal) (*element.Around, error)
	stability(ctx context.Context, flow string, runs int) (*element.Stability, error)
}

// serverFlags say which orchestrator a person asks.
type serverFlags struct{ server, tokenFile, ca string }

func (f *serverFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.server, "server", "", "Address of an orchestrator, https://HOST:PORT: ask it rather than the database of this machine.")
	cmd.Flags().StringVar(&f.tokenFile, "token-file", "", "File with the token for --server. Default: the variable AETHER_TOKEN.")
	cmd.Flags().StringVar(&f.ca, "server-ca", "", "PEM file with the certificate of the orchestrator or of who signed it, if the system does not trust it.")
}

// withHeals opens where heals are for a command.
func (c *command) withHeals(cmd *cobra.Command, f serverFlags, fn func(healDesk) error) error {
	if f.server != "" {
		p, err := c.person(cmd, f)
		if err != nil {
			return err
		}
		return healError(fn(&healServer{p}))
	}
	return healError(c.withQueue(cmd, func(s *app.System) error { return fn(&healBase{s}) }))
}

// healError makes what the user did wrong bad input.
func healError(err error) error {
	for _, bad := range []error{element.ErrNotFound, element.ErrChanged, element.ErrState, orch.ErrState, orch.ErrInput, run.ErrChanged, run.ErrNoFlow} {
		if errors.Is(err, bad) {
			return badInput(err)
		}
	}
	if err != nil && remote.IsRefused(err) {
		return badInput(err)
	}
	return err
}

// person makes who asks an orchestrator.
func (c *command) person(cmd *cobra.Command, f serverFlags) (*remote.Person, error) {
	cfg, _, err := c.config(cmd)
	if err != nil {
		return nil, err
	}
	token, _ := c.lookupWithDotenv(cfg)("AETHER_TOKEN")
	if f.tokenFile != "" {
		b, err := readSmall(f.tokenFile, "the token")
		if err != nil {
			return nil, err
		}
		token = string(b)
	}
	var ca []byte
	if f.ca != "" {
		if ca, err = readSmall(f.ca, "the certificate of the orchestrator"); err != nil {
			return nil, err
		}
	}
	p, err := remote.NewPerson(f.server, vault.New(strings.TrimSpace(token)), ca)
	if errors.Is(err, remote.ErrInput) {
		return nil, badInput(err)
	}
	return p, err
}

// healBase is the database of this machine.
type healBase struct{ s *app.System }

func (b *healBase) list(ctx context.Context, f element.Filter) ([]*element.Heal, error) {
	return b.s.Elements.List(ctx, f)
}

func (b *healBase) get(ctx context.Context, id int64) (*element.Heal, error) {
	return b.s.Elements.Get(ctx, id)
}

func (b *healBase) decide(ctx context.Context, what string, d orch.HealDecision) (*element.Heal, error) {
	d.Files = true
	switch what {
	case "approve":
		return b.s.Orch.ApproveHeal(ctx, d)
	case "rollback":
		return b.s.Orch.RollbackHeal(ctx, d)
	}
	return b.s.Orch.RejectHeal(ctx, d)
}

func (b *healBase) page(ctx context.Context, h *element.Heal) (io.ReadCloser, error) {
	return b.s.Artifacts.Open(ctx, h.Page)
}

func (b *healBase) around(ctx context.Context, h *element.Heal) (*element.Around, error) {
	return b.s.Elements.Around(ctx, h)
}

func (b *healBase) stability(ctx context.Context, flow string, runs int) (*element.Stability, error) {
	return b.s.Elements.Stability(ctx, flow, runs)
}

// healServer is an orchestrator.
type healServer struct{ p *remote.Person }

func (b *healServer) list(ctx context.Context, f element.Filter) ([]*element.Heal, error) {
	q := url.Values{}
	set := func(name, v string) {
		if v != "" {
			q.Set(name, v)
		}
	}
	set("flow", f.Flow)
	set("node", f.Node)
	if len(f.States) > 0 {
		set("state", string(f.States[0]))
	}
	all := []*element.Heal{}
	for cursor := ""; len(all) < f.Limit; {
		q.Set("limit", fmt.Sprint(min(f.Limit-len(all), 1000)))
		set("cursor", cursor)
		var page struct {
			Items []*element.Heal
			Next  string
		}
		if err := b.p.Call(ctx, http.MethodGet, "/heals?"+q.Encode(), nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	return all, nil
}

func (b *healServer) get(ctx context.Context, id int64) (*element.Heal, error) {
	var h element.Heal
	err := b.p.Call(ctx, http.MethodGet, fmt.Sprintf("/heals/%d", id), nil, &h)
	return &h, err
}

func (b *healServer) decide(ctx context.Context, what string, d orch.HealDecision) (*element.Heal, error) {
	var h element.Heal
	body := map[string]any{"comment": d.Comment}
	if d.Promote {
		body["promote"] = true
	}
	err := b.p.Call(remote.Matching(ctx, d.Version), http.MethodPost, fmt.Sprintf("/heals/%d/%s", d.ID, what), body, &h)
	return &h, err
}

func (b *healServer) page(ctx context.Context, h *element.Heal) (io.ReadCloser, error) {
	return b.p.Open(ctx, fmt.Sprintf("/heals/%d/evidence/page", h.ID))
}

func (b *healServer) around(ctx context.Context, h *element.Heal) (*element.Around, error) {
	var a element.Around
	err := b.p.Call(ctx, http.MethodGet, fmt.Sprintf("/heals/%d/around", h.ID), nil, &a)
	return &a, err
}

func (b *healServer) stability(ctx context.Context, flow string, runs int) (*element.Stability, error) {
	var s element.Stability
	q := url.Values{"flow": {flow}, "runs": {fmt.Sprint(runs)}}
	err := b.p.Call(ctx, http.MethodGet, "/stability?"+q.Encode(), nil, &s)
	return &s, err
}
