package element

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/selector"
)

// Place names a node of a flow.
type Place struct {
	Flow string `json:"flow"`
	Node string `json:"node"`
}

// Known is what is known of the elements of a node, by target as text.
type Known struct {
	Prints   map[string]selector.Print   `json:"prints,omitempty"`
	Rejected map[string][]selector.Print `json:"rejected,omitempty"`
	Agreed   map[string][]selector.Print `json:"agreed,omitempty"` // by a person who approved a heal
}

// How many examples of a target are used, the newest: of what is not meant, and of what is.
const (
	maxRejected = 20
	maxAgreed   = 3
)

// Known returns what is known of the elements of a node.
func (s *Store) Known(ctx context.Context, at Place) (*Known, error) {
	k := &Known{Prints: map[string]selector.Print{}, Rejected: map[string][]selector.Print{}, Agreed: map[string][]selector.Print{}}
	read := func(query string, add func(target string, p selector.Print)) error {
		rows, err := s.db.Query(ctx, query, at.Flow, at.Node)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var target, text string
			if err := rows.Scan(&target, &text); err != nil {
				return err
			}
			var p selector.Print
			// What a newer program wrote is no use here, and no harm.
			if json.Unmarshal([]byte(text), &p) == nil && p.V >= 1 && p.V <= selector.PrintVersion {
				add(target, p)
			}
		}
		return rows.Err()
	}
	err := read(`SELECT target, print FROM {s}element WHERE flow = $1 AND node = $2`, func(t string, p selector.Print) { k.Prints[t] = p })
	for _, said := range []struct {
		state State
		into  map[string][]selector.Print
		most  int
	}{{Rejected, k.Rejected, maxRejected}, {Approved, k.Agreed, maxAgreed}} {
		if err == nil {
			err = read(`SELECT target, found FROM {s}heal WHERE flow = $1 AND node = $2 AND state = '`+string(said.state)+`' AND found <> '' ORDER BY id DESC`, func(t string, p selector.Print) {
				if len(said.into[t]) < said.most {
					said.into[t] = append(said.into[t], p)
				}
			})
		}
	}
	if err != nil {
		return nil, fmt.Errorf("reading what is known of the elements of %s: %w", at.Node, err)
	}
	return k, nil
}

// Saw remembers what an element looks like now that it was found for certain.
func (s *Store) Saw(ctx context.Context, at Place, target string, p selector.Print) error {
	return s.db.Tx(ctx, func(tx *db.Tx) error { return saw(ctx, tx, at, target, p) })
}

func saw(ctx context.Context, tx *db.Tx, at Place, target string, p selector.Print) error {
	body, err := text(p)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO {s}element (flow, node, hash, target, print, seen) VALUES ($1, $2, $3, $4, $5, {now})
		ON CONFLICT (flow, node, hash) DO UPDATE SET print = excluded.print, seen = excluded.seen`, at.Flow, at.Node, hash(target), db.Text(target), body); err != nil {
		return fmt.Errorf("keeping what an element of %s looks like: %w", at.Node, err)
	}
	_, err = tx.Exec(ctx, fmt.Sprintf(`DELETE FROM {s}element WHERE flow = $1 AND node = $2 AND hash IN
		(SELECT hash FROM {s}element WHERE flow = $1 AND node = $2 ORDER BY seen DESC, hash LIMIT 1000 OFFSET %d)`, maxPrints), at.Flow, at.Node)
	if err != nil {
		return fmt.Errorf("forgetting what elements of %s looked like: %w", at.Node, err)
	}
	return nil
}
