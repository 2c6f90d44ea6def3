package run

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Modes of development runs.
const (
	TryNode = "node" // one node alone, where records of another run lead to it
	TryTo   = "to"   // from the start to a node, and no further
	TryFrom = "from" // from a node to the end
)

// Development is what a run is about that somebody made while writing its flow.
// Such runs are not counted among those of the flow.
type Development struct {
	Mode string   `json:"mode" enum:"node,to,from" doc:"node: the node alone; to: the run ends behind the node; from: it begins at the node."`
	Node string   `json:"node" doc:"Id of the node that the run is about."`
	At   string   `json:"at,omitempty" doc:"Path of the execution that is meant, such as each[2]/fetch."`
	Of   string   `json:"of,omitempty" doc:"Run whose records it began with."`
	Pins []string `json:"pins,omitempty" doc:"Nodes that did not act because their output was pinned."`
	By   string   `json:"by,omitempty" doc:"Who made it."`
}

// Selections of development runs in a Filter.
const (
	WithoutDevelopment = "without"
	OnlyDevelopment    = "only"
)

// textOf writes what a run may have or not, as it is kept.
func textOf[T any](v *T) (string, error) {
	if v == nil {
		return "", nil
	}
	b, err := json.Marshal(v)
	return string(b), err
}

// SaveTried keeps a flow version that belongs to no flow's versions, for a
// development run. Pushing it makes it one.
func (s *Store) SaveTried(ctx context.Context, digest, body string) error {
	_, err := s.db.Exec(ctx, `INSERT INTO {s}flow_version AS v (digest, name, body, created) VALUES ($1, '', $2, $3)
		ON CONFLICT (digest) DO UPDATE SET created = excluded.created WHERE v.name = ''`,
		digest, body, time.Now().UnixMilli())
	if err != nil {
		return fmt.Errorf("keeping the flow that is tried: %w", err)
	}
	return nil
}

// DropTried removes the versions that were only tried, the last time before a moment, and that no run has any more. It
// returns how many went.
func (s *Store) DropTried(ctx context.Context, before time.Time) (int64, error) {
	n, err := s.db.Exec(ctx, `DELETE FROM {s}flow_version WHERE name = '' AND created < $1
		AND NOT EXISTS (SELECT 1 FROM {s}run r WHERE r.development <> '' AND r.digest = {s}flow_version.digest)`, before.UnixMilli())
	if err != nil {
		return 0, fmt.Errorf("removing versions that were tried: %w", err)
	}
	return n, nil
}
