package ftp

import (
	"context"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/ftp/remote"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[listIn, remote.Listed]{
		Type:  "ftp.list",
		Title: "List files by FTP",
		Doc: "Lists the files and folders in a folder on an FTP server, with what the server tells of them. " + remote.ListDoc +
			" Servers without MLSD give times to the minute, in their own time zone (see connection.timezone), and may leave out hidden files.",
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
			return in.List.Do(ctx, env, in.Connection.opener(env, false))
		},
	})
	node.Register(node.Spec[existsIn, remote.Found]{
		Type:   "ftp.exists",
		Title:  "Exists on FTP server?",
		Doc:    "Tells whether a file or folder is on an FTP server. What the user may not see does not exist for them.",
		Effect: node.Read,
		Examples: []node.Example[existsIn, remote.Found]{{
			Title:   "Look for a mark that the files are complete",
			In:      existsIn{Connection: shop(), Exists: remote.Exists{Path: "/out/complete.txt"}},
			Out:     remote.Found{Exists: true, Kind: "file"},
			DocOnly: needsServer,
		}},
		Run: func(ctx context.Context, env *node.Env, in existsIn) (remote.Found, error) {
			return in.Exists.Do(ctx, env, in.Connection.opener(env, false))
		},
	})
	node.Register(node.Spec[infoIn, remote.Described]{
		Type:   "ftp.info",
		Title:  "Describe file on FTP server",
		Doc:    "Tells kind, size, time of change and permissions of a file or folder on an FTP server, as far as the server does.",
		Effect: node.Read,
		Examples: []node.Example[infoIn, remote.Described]{{
			Title:   "See when a file was last changed",
			In:      infoIn{Connection: shop(), Info: remote.Info{Path: "/out/prices.csv"}},
			Out:     remote.Described{Found: true, Path: "/out/prices.csv", Name: "prices.csv", Kind: "file", Size: 5000, Modified: "2026-01-31T08:00:00Z", Permissions: "0644"},
			DocOnly: needsServer,
		}},
		Run: func(ctx context.Context, env *node.Env, in infoIn) (remote.Described, error) {
			return in.Info.Do(ctx, in.Connection.opener(env, false), func(s remote.Server, p string) (remote.Entry, error) {
				return s.(*session).describe(p)
			})
		},
	})
	node.Register(node.Spec[sizeIn, remote.Sized]{
		Type:   "ftp.size",
		Title:  "Get size of file on FTP server",
		Doc:    "Tells the size of a file on an FTP server in bytes.",
		Effect: node.Read,
		Examples: []node.Example[sizeIn, remote.Sized]{{
			Title:   "See whether a file has grown",
			In:      sizeIn{Connection: shop(), Size: remote.Size{Path: "/out/prices.csv"}},
			Out:     remote.Sized{Found: true, Size: 5000},
			DocOnly: needsServer,
		}},
		Run: func(ctx context.Context, env *node.Env, in sizeIn) (remote.Sized, error) {
			return in.Size.Do(ctx, env, in.Connection.opener(env, false))
		},
	})
}

type listIn struct {
	Connection Connection `json:"connection" is:"required" doc:"Server and user."`
	remote.List
}

type existsIn struct {
	Connection Connection `json:"connection" is:"required" doc:"Server and user."`
	remote.Exists
}

type infoIn struct {
	Connection Connection `json:"connection" is:"required" doc:"Server and user."`
	remote.Info
}

type sizeIn struct {
	Connection Connection `json:"connection" is:"required" doc:"Server and user."`
	remote.Size
}

// describe is Stat with what only listings tell.
func (s *session) describe(p string) (remote.Entry, error) {
	e, err := s.Stat(p)
	if err != nil || p == "/" {
		return e, err
	}
	listed, err := s.inFolder(p)
	if err != nil {
		if remote.Lost(err) {
			return e, err
		}
		return e, nil // the folder above may not be readable
	}
	e.Mode, e.Target = listed.Mode, listed.Target
	if e.Modified.IsZero() {
		e.Modified, e.Exact = listed.Modified, listed.Exact
	}
	return e, nil
}
