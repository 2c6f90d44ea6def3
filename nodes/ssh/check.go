package ssh

import (
	"context"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/ftp/pool"
	"github.com/aether-rpa/aether/nodes/ssh/connect"
)

func init() {
	node.Register(node.Spec[checkIn, checkOut]{
		Type:   "ssh.check_connection",
		Title:  "Check SSH connection",
		Doc:    "Logs in to an SSH server. The other nodes connect by themselves; use this to test settings, or to stop early when a server is down.",
		Effect: node.Read,
		Examples: []node.Example[checkIn, checkOut]{{
			Title:   "See whether a server can be used",
			In:      checkIn{Connection: shop()},
			Out:     checkOut{Connected: true, Server: "SSH-2.0-OpenSSH_9.2", Fingerprint: "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"},
			DocOnly: needsServer,
		}},
		Run: func(ctx context.Context, env *node.Env, in checkIn) (out checkOut, err error) {
			err = use(ctx, env, in.Connection, func(c *connect.Client) (bool, error) {
				out = checkOut{Connected: true, Message: c.Banner, Server: clip(string(c.ServerVersion())), Fingerprint: c.HostKey}
				return true, nil
			})
			return out, err
		},
	})
	node.Register(node.Spec[checkIn, disconnectOut]{
		Type:   "ssh.disconnect",
		Title:  "Close SSH connections",
		Doc:    "Closes the idle connections that earlier nodes with the same settings have left. They close by themselves after a minute; use this for servers that allow few connections at a time.",
		Effect: node.Idempotent,
		Examples: []node.Example[checkIn, disconnectOut]{{
			Title:   "Leave the server at once",
			In:      checkIn{Connection: shop()},
			Out:     disconnectOut{Closed: 1},
			DocOnly: needsServer,
		}},
		Run: func(_ context.Context, env *node.Env, in checkIn) (disconnectOut, error) {
			s, err := in.Connection.Resolve(env)
			if err != nil {
				return disconnectOut{}, err
			}
			return disconnectOut{Closed: connections.Drop(pool.KeyOf(s.Key(env)...))}, nil
		},
	})
	node.Register(node.Spec[hostKeysIn, hostKeysOut]{
		Type:   "ssh.host_keys",
		Title:  "Get host keys of SSH server",
		Doc:    "Asks an SSH server for its keys, without logging in, as ssh-keyscan does. What it answers is only as trustworthy as the way to it: compare the fingerprints with what the server's administrator says before you use them in connection.fingerprint or known_hosts.",
		Effect: node.Read,
		Examples: []node.Example[hostKeysIn, hostKeysOut]{{
			Title: "See the fingerprints of a server",
			In:    hostKeysIn{Host: "shop.example.com"},
			Out: hostKeysOut{Count: 1, Keys: []hostKey{{Type: "ssh-ed25519", Fingerprint: "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
				Line: "shop.example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA=="}}},
			DocOnly: needsServer,
		}},
		Run: func(ctx context.Context, env *node.Env, in hostKeysIn) (hostKeysOut, error) {
			c := connect.Connection{Host: in.Host, Port: in.Port, User: "none", Legacy: in.Legacy, Timeout: in.Timeout}
			keys, err := c.HostKeys(ctx, env)
			out := hostKeysOut{Keys: []hostKey{}, Count: len(keys)}
			for _, k := range keys {
				out.Keys = append(out.Keys, hostKey(k))
			}
			return out, err
		},
	})
}

type checkIn struct {
	Connection connect.Connection `json:"connection" is:"required" doc:"Server and user."`
}

type checkOut struct {
	Connected   bool   `json:"connected" doc:"True; a login that fails is a failure of the node."`
	Message     string `json:"message" doc:"What the server shows before the login, often nothing."`
	Server      string `json:"server" doc:"Name and version of the server's program, as it says."`
	Fingerprint string `json:"fingerprint" doc:"Fingerprint of the server's key."`
}

type disconnectOut struct {
	Closed int `json:"closed" doc:"How many connections were closed."`
}

type hostKeysIn struct {
	Host    string        `json:"host" is:"required" doc:"Name or address of the server."`
	Port    int           `json:"port" default:"22" min:"1" max:"65535" doc:"Port."`
	Legacy  bool          `json:"legacy_algorithms" is:"advanced" doc:"Ask for keys of old kinds too, which are no longer safe."`
	Timeout time.Duration `json:"timeout" default:"30s" min:"1ms" doc:"How long each of the connections may take, one for each kind of key."`
}

type hostKeysOut struct {
	Keys  []hostKey `json:"keys" doc:"The keys."`
	Count int       `json:"count" doc:"How many there are."`
}

type hostKey struct {
	Type        string `json:"type" doc:"Kind of the key, such as ssh-ed25519."`
	Fingerprint string `json:"fingerprint" doc:"Its fingerprint, for connection.fingerprint."`
	Line        string `json:"line" doc:"Its line for a known_hosts file."`
}
