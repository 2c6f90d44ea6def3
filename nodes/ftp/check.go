package ftp

import (
	"context"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/ftp/remote"
)

func init() {
	node.Register(node.Spec[checkIn, checkOut]{
		Type:   "ftp.check_connection",
		Title:  "Check FTP connection",
		Doc:    "Logs in to an FTP server and tells what it says. The other nodes connect by themselves; use this to test settings, or to stop early when a server is down.",
		Effect: node.Read,
		Examples: []node.Example[checkIn, checkOut]{{
			Title:   "See whether a server can be used",
			In:      checkIn{Connection: shop()},
			Out:     checkOut{Connected: true, Message: "Welcome to the shop", Folder: "/", Encrypted: true, ExactTimes: true},
			DocOnly: needsServer,
		}},
		Run: func(ctx context.Context, env *node.Env, in checkIn) (checkOut, error) {
			return remote.Use(ctx, in.Connection.opener(env, false), func(server remote.Server) (checkOut, error) {
				s := server.(*session)
				return checkOut{Connected: true, Message: s.welcome, Folder: s.home, Encrypted: s.tls != nil, ExactTimes: s.mlsd}, nil
			})
		},
	})
	node.Register(node.Spec[checkIn, disconnectOut]{
		Type:   "ftp.disconnect",
		Title:  "Close FTP connections",
		Doc:    "Closes the idle connections that earlier nodes with the same settings have left. They close by themselves after a minute; use this for servers that allow few connections at a time.",
		Effect: node.Idempotent,
		Examples: []node.Example[checkIn, disconnectOut]{{
			Title:   "Leave the server at once",
			In:      checkIn{Connection: shop()},
			Out:     disconnectOut{Closed: 1},
			DocOnly: needsServer,
		}},
		Run: func(_ context.Context, env *node.Env, in checkIn) (disconnectOut, error) {
			s, err := in.Connection.resolve(env)
			if err != nil {
				return disconnectOut{}, err
			}
			return disconnectOut{Closed: connections.Drop(s.key)}, nil
		},
	})
}

type checkIn struct {
	Connection Connection `json:"connection" is:"required" doc:"Server and user."`
}

type checkOut struct {
	Connected  bool   `json:"connected" doc:"True; a login that fails is a failure of the node."`
	Message    string `json:"message" doc:"What the server says in welcome."`
	Folder     string `json:"folder" doc:"Folder in which relative paths begin."`
	Encrypted  bool   `json:"encrypted" doc:"True if the connection is encrypted."`
	ExactTimes bool   `json:"exact_times" doc:"True if the server lists exact times (MLSD)."`
}

type disconnectOut struct {
	Closed int `json:"closed" doc:"How many connections were closed."`
}
