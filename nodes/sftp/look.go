package sftp

import (
	"context"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/ftp/remote"
	"github.com/aether-rpa/aether/nodes/ssh/connect"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[listIn, remote.Listed]{
		Type:   "sftp.list",
		Title:  "List files by SFTP",
		Doc:    "Lists the files and folders in a folder on an SSH server, with what the server tells of them. " + remote.ListDoc + " Links are listed as links, with what they lead to.",
		Effect: node.Read,
		Examples: []node.Example[listIn, remote.Listed]{{
			Title: "Find the reports of the last two days",
			In:    listIn{Connection: shop(), List: remote.List{Path: "/out", Filter: remote.Filter{Pattern: []string{"report-*.csv"}}}},
			Out: remote.Listed{Items: value.RowsOf([]any{map[string]any{
				"name": "report-1.csv", "path": "/out/report-1.csv", "relative": "report-1.csv", "kind": "file", "is_folder": false, "size": 1200,
				"modified": "2026-01-31T08:00:00Z", "permissions": "0644", "target": nil,
			}}), Count: 1, Size: 1200},
			DocOnly: needsServer,
		}},
		Check: func(in listIn) error { return in.Check() },
		Run: func(ctx context.Context, env *node.Env, in listIn) (remote.Listed, error) {
			return in.List.Do(ctx, env, opener(in.Connection, env))
		},
	})
	node.Register(node.Spec[existsIn, remote.Found]{
		Type:   "sftp.exists",
		Title:  "Exists on SSH server?",
		Doc:    "Tells whether a file or folder is on an SSH server. What the user may not see does not exist for them.",
		Effect: node.Read,
		Examples: []node.Example[existsIn, remote.Found]{{
			Title:   "Look for a mark that the files are complete",
			In:      existsIn{Connection: shop(), Exists: remote.Exists{Path: "/out/complete.txt"}},
			Out:     remote.Found{Exists: true, Kind: "file"},
			DocOnly: needsServer,
		}},
		Run: func(ctx context.Context, env *node.Env, in existsIn) (remote.Found, error) {
			return in.Exists.Do(ctx, env, opener(in.Connection, env))
		},
	})
	node.Register(node.Spec[infoIn, remote.Described]{
		Type:   "sftp.info",
		Title:  "Describe file on SSH server",
		Doc:    "Tells kind, size, time of change and permissions of a file or folder on an SSH server.",
		Effect: node.Read,
		Examples: []node.Example[infoIn, remote.Described]{{
			Title:   "See when a file was last changed",
			In:      infoIn{Connection: shop(), Info: remote.Info{Path: "/out/prices.csv"}},
			Out:     remote.Described{Found: true, Path: "/out/prices.csv", Name: "prices.csv", Kind: "file", Size: 5000, Modified: "2026-01-31T08:00:00Z", Permissions: "0644"},
			DocOnly: needsServer,
		}},
		Run: func(ctx context.Context, env *node.Env, in infoIn) (remote.Described, error) {
			return in.Info.Do(ctx, opener(in.Connection, env), func(s remote.Server, p string) (remote.Entry, error) {
				if in.FollowLinks {
					return s.Stat(p)
				}
				return s.(*session).lstat(p)
			})
		},
	})
	node.Register(node.Spec[sizeIn, remote.Sized]{
		Type:   "sftp.size",
		Title:  "Get size of file on SSH server",
		Doc:    "Tells the size of a file on an SSH server in bytes.",
		Effect: node.Read,
		Examples: []node.Example[sizeIn, remote.Sized]{{
			Title:   "See whether a file has grown",
			In:      sizeIn{Connection: shop(), Size: remote.Size{Path: "/out/prices.csv"}},
			Out:     remote.Sized{Found: true, Size: 5000},
			DocOnly: needsServer,
		}},
		Run: func(ctx context.Context, env *node.Env, in sizeIn) (remote.Sized, error) {
			return in.Size.Do(ctx, env, opener(in.Connection, env))
		},
	})
}

type listIn struct {
	Connection connect.Connection `json:"connection" is:"required" doc:"Server and user."`
	remote.List
}

type existsIn struct {
	Connection connect.Connection `json:"connection" is:"required" doc:"Server and user."`
	remote.Exists
}

type infoIn struct {
	Connection connect.Connection `json:"connection" is:"required" doc:"Server and user."`
	remote.Info
	FollowLinks bool `json:"follow_links" default:"true" doc:"Describe what a link leads to, not the link itself."`
}

type sizeIn struct {
	Connection connect.Connection `json:"connection" is:"required" doc:"Server and user."`
	remote.Size
}
