// Package ssh holds the nodes that run commands on other computers over SSH.
// Connections are kept for a minute for the nodes that come next; the nodes of
// the family sftp work with files over the same protocol.
package ssh

import (
	"context"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/ftp/pool"
	"github.com/aether-rpa/aether/nodes/ssh/connect"
	"github.com/aether-rpa/aether/vault"
)

func init() {
	node.RegisterFamily(node.Family{Name: "ssh", Title: "SSH", Doc: "Run commands and scripts on other computers."})
}

// connections are the idle ones. One that does not answer is closed and
// replaced before a command is sent on it.
var connections = &pool.Pool[*connect.Client]{
	Alive: func(ctx context.Context, c *connect.Client) bool { return c.Alive(ctx) },
	Close: func(c *connect.Client) { c.Cut() },
}

// use runs do with a connection. Do says whether the connection is of use for
// others.
func use(ctx context.Context, env *node.Env, c connect.Connection, do func(*connect.Client) (reusable bool, err error)) error {
	settings, err := c.Resolve(env)
	if err != nil {
		return err
	}
	key := pool.KeyOf(settings.Key(env)...)
	client, err := connections.Take(ctx, key, func(ctx context.Context) (*connect.Client, error) { return settings.Dial(ctx, env) })
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, client.Cut)
	reusable, err := do(client)
	if !stop() {
		connections.Close(client)
		return ctx.Err()
	}
	if !reusable {
		connections.Close(client)
		return err
	}
	connections.Put(key, client)
	return err
}

// needsServer says why the examples do not run as tests.
const needsServer = "it needs an SSH server"

// shop is the connection of the examples.
func shop() connect.Connection {
	return connect.Connection{Host: "shop.example.com", Port: 22, User: "robot", PrivateKey: vault.New("-----BEGIN OPENSSH PRIVATE KEY-----"), KnownHosts: "known_hosts", Timeout: 30 * time.Second}
}
