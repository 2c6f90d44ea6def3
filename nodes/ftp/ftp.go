// Package ftp holds the nodes that speak FTP: plain, or encrypted with TLS,
// always in passive mode. All connections, those for data too, go through
// node.Env.Dial and so keep to the egress policy. Connections are kept for a
// minute for the nodes that come next.
package ftp

import (
	"context"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/ftp/pool"
	"github.com/aether-rpa/aether/nodes/ftp/remote"
)

func init() {
	node.RegisterFamily(node.Family{Name: "ftp", Title: "FTP", Doc: "Send, fetch and manage files on FTP and FTPS servers."})
}

// connections are the idle ones. A session that does not answer is closed and
// replaced before anything is done with it.
var connections = &pool.Pool[*session]{
	Alive: func(ctx context.Context, s *session) bool {
		s.bind(ctx, nil, aliveLimit)
		defer s.unbind()
		return s.c.NoOp() == nil && !s.broken
	},
	Close: func(s *session) { s.close() },
}

// aliveLimit is how long an idle connection may take to answer.
const aliveLimit = 3 * time.Second

// opener connects with the settings of a node. With text the server treats
// files as text.
func (c Connection) opener(env *node.Env, text bool) remote.Opener {
	return func(ctx context.Context) (remote.Server, func(bool), error) {
		settings, err := c.resolve(env)
		if err != nil {
			return nil, nil, err
		}
		s, err := connections.Take(ctx, settings.key, func(ctx context.Context) (*session, error) { return settings.dial(ctx, env) })
		if err != nil {
			return nil, nil, err
		}
		s.bind(ctx, env, c.Timeout)
		s.text = text
		return s, func(broken bool) {
			s.unbind()
			if broken || s.broken {
				connections.Close(s)
				return
			}
			connections.Put(settings.key, s)
		}, nil
	}
}
