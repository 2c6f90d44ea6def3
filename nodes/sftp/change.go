package sftp

import (
	"context"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/ftp/remote"
	"github.com/aether-rpa/aether/nodes/ssh/connect"
)

func init() {
	node.Register(node.Spec[deleteIn, remote.Deleted]{
		Type:     "sftp.delete",
		Title:    "Delete file by SFTP",
		Doc:      "Deletes a file on an SSH server for good. A file that is not there is no error unless must_exist is set.",
		Effect:   node.Once,
		EffectOf: func(in deleteIn) node.Effect { return in.Effect() },
		Examples: []node.Example[deleteIn, remote.Deleted]{{
			Title:   "Take a file away after it was fetched",
			In:      deleteIn{Connection: shop(), Delete: remote.Delete{Path: "/out/report-1.csv"}},
			Out:     remote.Deleted{Deleted: true},
			DocOnly: needsServer,
		}},
		Run: func(ctx context.Context, env *node.Env, in deleteIn) (remote.Deleted, error) {
			return in.Delete.Do(ctx, env, opener(in.Connection, env))
		},
	})
	node.Register(node.Spec[moveIn, remote.Moved]{
		Type:    "sftp.move",
		Title:   "Move or rename by SFTP",
		Doc:     "Moves a file or folder on an SSH server to another place or name on the same server. With if_exists overwrite, servers other than OpenSSH may delete the old file first.",
		Effect:  node.Once,
		Aliases: []string{"sftp.rename"},
		Examples: []node.Example[moveIn, remote.Moved]{{
			Title:   "Put a file away when it was processed",
			In:      moveIn{Connection: shop(), Move: remote.Move{From: "/in/order-7.xml", To: "/done/"}},
			Out:     remote.Moved{Path: "/done/order-7.xml", Action: "created"},
			DocOnly: needsServer,
		}},
		Run: func(ctx context.Context, env *node.Env, in moveIn) (remote.Moved, error) {
			return in.Move.Do(ctx, env, opener(in.Connection, env))
		},
	})
	node.Register(node.Spec[makeFolderIn, remote.Made]{
		Type:   "sftp.make_folder",
		Title:  "Make folder by SFTP",
		Doc:    "Makes a folder on an SSH server. One that is there already is no error.",
		Effect: node.Idempotent,
		Examples: []node.Example[makeFolderIn, remote.Made]{{
			Title:   "Make a folder for a month",
			In:      makeFolderIn{Connection: shop(), MakeFolder: remote.MakeFolder{Path: "/archive/2026/01"}},
			Out:     remote.Made{Path: "/archive/2026/01", Created: true},
			DocOnly: needsServer,
		}},
		Run: func(ctx context.Context, env *node.Env, in makeFolderIn) (remote.Made, error) {
			return in.MakeFolder.Do(ctx, env, opener(in.Connection, env))
		},
	})
	node.Register(node.Spec[removeFolderIn, remote.Removed]{
		Type:     "sftp.remove_folder",
		Title:    "Remove folder by SFTP",
		Doc:      "Removes a folder on an SSH server, with recursive all that is in it, for good. A folder that is not there is no error unless must_exist is set.",
		Effect:   node.Once,
		EffectOf: func(in removeFolderIn) node.Effect { return in.Effect() },
		Examples: []node.Example[removeFolderIn, remote.Removed]{{
			Title:   "Remove an old archive",
			In:      removeFolderIn{Connection: shop(), RemoveFolder: remote.RemoveFolder{Path: "/archive/2015", Recursive: true}},
			Out:     remote.Removed{Removed: true, Files: 365, Folders: 13},
			DocOnly: needsServer,
		}},
		Run: func(ctx context.Context, env *node.Env, in removeFolderIn) (remote.Removed, error) {
			return in.RemoveFolder.Do(ctx, env, opener(in.Connection, env))
		},
	})
}

type deleteIn struct {
	Connection connect.Connection `json:"connection" is:"required" doc:"Server and user."`
	remote.Delete
}

type moveIn struct {
	Connection connect.Connection `json:"connection" is:"required" doc:"Server and user."`
	remote.Move
}

type makeFolderIn struct {
	Connection connect.Connection `json:"connection" is:"required" doc:"Server and user."`
	remote.MakeFolder
}

type removeFolderIn struct {
	Connection connect.Connection `json:"connection" is:"required" doc:"Server and user."`
	remote.RemoveFolder
}
