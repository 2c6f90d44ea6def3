package sftp

import (
	"context"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/ftp/pool"
	"github.com/aether-rpa/aether/nodes/ftp/remote"
	"github.com/aether-rpa/aether/nodes/ssh/connect"
)

func init() {
	node.Register(node.Spec[checkIn, checkOut]{
		Type:   "sftp.check_connection",
		Title:  "Check SFTP connection",
		Doc:    "Logs in to an SSH server and begins a file transfer. The other nodes connect by themselves; use this to test settings, or to stop early when a server is down.",
		Effect: node.Read,
		Examples: []node.Example[checkIn, checkOut]{{
			Title:   "See whether a server can be used",
			In:      checkIn{Connection: shop()},
			Out:     checkOut{Connected: true, Message: "", Folder: "/home/shop", Server: "SSH-2.0-OpenSSH_9.2", Fingerprint: "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"},
			DocOnly: needsServer,
		}},
		Run: func(ctx context.Context, env *node.Env, in checkIn) (checkOut, error) {
			return remote.Use(ctx, opener(in.Connection, env), func(server remote.Server) (checkOut, error) {
				s := server.(*session)
				return checkOut{
					Connected: true, Message: s.client.Banner, Folder: s.home,
					Server: remote.Said(string(s.client.ServerVersion())), Fingerprint: s.client.HostKey,
				}, nil
			})
		},
	})
	node.Register(node.Spec[checkIn, disconnectOut]{
		Type:   "sftp.disconnect",
		Title:  "Close SFTP connections",
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
}

type checkIn struct {
	Connection connect.Connection `json:"connection" is:"required" doc:"Server and user."`
}

type checkOut struct {
	Connected   bool   `json:"connected" doc:"True; a login that fails is a failure of the node."`
	Message     string `json:"message" doc:"What the server shows before the login, often nothing."`
	Folder      string `json:"folder" doc:"Folder in which relative paths begin."`
	Server      string `json:"server" doc:"Name and version of the server's program, as it says."`
	Fingerprint string `json:"fingerprint" doc:"Fingerprint of the server's key."`
}

type disconnectOut struct {
	Closed int `json:"closed" doc:"How many connections were closed."`
}
