package sftp

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/ftp/remote"
	"github.com/aether-rpa/aether/nodes/ssh/connect"
)

func init() {
	node.Register(node.Spec[makeLinkIn, makeLinkOut]{
		Type:   "sftp.make_link",
		Title:  "Make link by SFTP",
		Doc:    "Makes a symbolic link on an SSH server. The target need not exist; a relative one is meant from the folder of the link.",
		Effect: node.Once,
		EffectOf: func(in makeLinkIn) node.Effect {
			if in.IfExists == "error" {
				return node.Once
			}
			return node.Idempotent
		},
		Examples: []node.Example[makeLinkIn, makeLinkOut]{{
			Title:   "Point to the current release",
			In:      makeLinkIn{Connection: shop(), Path: "/app/current", Target: "releases/7", IfExists: "overwrite"},
			Out:     makeLinkOut{Path: "/app/current", Action: "overwritten"},
			DocOnly: needsServer,
		}},
		Run: makeLink,
	})
	node.Register(node.Spec[readLinkIn, readLinkOut]{
		Type:   "sftp.read_link",
		Title:  "Read link by SFTP",
		Doc:    "Tells what a symbolic link on an SSH server leads to.",
		Effect: node.Read,
		Examples: []node.Example[readLinkIn, readLinkOut]{{
			Title:   "See which release is current",
			In:      readLinkIn{Connection: shop(), Path: "/app/current"},
			Out:     readLinkOut{Target: "releases/7", Path: "/app/releases/7"},
			DocOnly: needsServer,
		}},
		Run: readLink,
	})
	node.Register(node.Spec[chmodIn, chmodOut]{
		Type:   "sftp.chmod",
		Title:  "Set permissions by SFTP",
		Doc:    "Sets the permissions of a file or folder on an SSH server, with recursive also of all that is in a folder. Links are not followed inside a folder.",
		Effect: node.Idempotent,
		Examples: []node.Example[chmodIn, chmodOut]{{
			Title:   "Make a script executable",
			In:      chmodIn{Connection: shop(), Path: "bin/run.sh", Permissions: "0755"},
			Out:     chmodOut{Path: "/home/shop/bin/run.sh", Changed: 1},
			DocOnly: needsServer,
		}, {
			Title:   "Let everybody read a folder",
			In:      chmodIn{Connection: shop(), Path: "public", Permissions: "0644", FolderPermissions: "0755", Recursive: true},
			Out:     chmodOut{Path: "/home/shop/public", Changed: 12},
			DocOnly: needsServer,
		}},
		Run: chmod,
	})
}

type makeLinkIn struct {
	Connection connect.Connection `json:"connection" is:"required" doc:"Server and user."`
	Path       string             `json:"path" is:"required" doc:"The link to make."`
	Target     string             `json:"target" is:"required" doc:"What it leads to."`
	IfExists   string             `json:"if_exists" default:"error" enum:"error,overwrite,skip" doc:"What to do when a file or link is there already: fail, replace it, or leave it. A folder is never replaced."`
}

type makeLinkOut struct {
	Path   string `json:"path" doc:"Absolute path of the link."`
	Action string `json:"action" doc:"What was done: created, overwritten or skipped."`
}

func makeLink(ctx context.Context, env *node.Env, in makeLinkIn) (makeLinkOut, error) {
	return remote.Use(ctx, opener(in.Connection, env), func(server remote.Server) (out makeLinkOut, err error) {
		s := server.(*session)
		out = makeLinkOut{Path: s.Abs(in.Path), Action: "created"}
		at := out.Path
		old, err := s.lstat(at)
		switch {
		case remote.NotFound(err):
		case err != nil:
			return out, err
		case in.IfExists == "skip":
			out.Action = "skipped"
			return out, nil
		case old.IsFolder() || in.IfExists != "overwrite":
			return out, remote.Fail(node.KindInput, "choose another name, or set if_exists", "%s exists already", at)
		default:
			out.Action = "overwritten"
			// A link beside it takes its place in one step.
			at = path.Join(path.Dir(at), ".aether-link-"+path.Base(at)+".tmp")
			if err := s.Remove(at); err != nil && !remote.NotFound(err) {
				return out, err
			}
		}
		err = s.do("making the link "+at, func() error { return s.c.Symlink(in.Target, at) })
		if err != nil || at == out.Path {
			return out, err
		}
		if s.posixRename {
			return out, s.Rename(at, out.Path)
		}
		if err := s.Remove(out.Path); err != nil {
			return out, err
		}
		return out, s.Rename(at, out.Path)
	})
}

type readLinkIn struct {
	Connection connect.Connection `json:"connection" is:"required" doc:"Server and user."`
	Path       string             `json:"path" is:"required" doc:"The link."`
}

type readLinkOut struct {
	Target string `json:"target" doc:"What the link holds."`
	Path   string `json:"path" doc:"The same as an absolute path. It need not exist."`
}

func readLink(ctx context.Context, env *node.Env, in readLinkIn) (readLinkOut, error) {
	return remote.Use(ctx, opener(in.Connection, env), func(server remote.Server) (readLinkOut, error) {
		s := server.(*session)
		at := s.Abs(in.Path)
		e, err := s.lstat(at)
		if err != nil {
			return readLinkOut{}, err
		}
		if e.Kind != remote.Link {
			return readLinkOut{}, remote.Fail(node.KindInput, "give the path of a link", "%s is a %s, not a link", at, e.Kind)
		}
		out := readLinkOut{Target: e.Target, Path: e.Target}
		if !strings.HasPrefix(out.Path, "/") {
			out.Path = path.Join(path.Dir(at), out.Path)
		}
		return out, nil
	})
}

type chmodIn struct {
	Connection        connect.Connection `json:"connection" is:"required" doc:"Server and user."`
	Path              string             `json:"path" is:"required" doc:"File or folder on the server."`
	Permissions       string             `json:"permissions" is:"required" doc:"Permissions such as 0644 or rw-r--r--."`
	Recursive         bool               `json:"recursive" doc:"Set those of all that is in the folder too."`
	FolderPermissions string             `json:"folder_permissions" when:"recursive=true" doc:"Permissions of folders, when they shall differ from those of files: without x nobody can enter a folder."`
	MaxEntries        int                `json:"max_entries" default:"100000" min:"1" is:"advanced" doc:"Fail, part of the work done, when there are more files and folders than this."`
}

type chmodOut struct {
	Path    string `json:"path" doc:"Absolute path on the server."`
	Changed int    `json:"changed" doc:"How many files and folders got the permissions."`
}

func chmod(ctx context.Context, env *node.Env, in chmodIn) (chmodOut, error) {
	mode, err := remote.ParseMode(in.Permissions)
	if err != nil {
		return chmodOut{}, err
	}
	folders := mode
	if in.FolderPermissions != "" {
		if folders, err = remote.ParseMode(in.FolderPermissions); err != nil {
			return chmodOut{}, err
		}
	}
	return remote.Use(ctx, opener(in.Connection, env), func(s remote.Server) (chmodOut, error) {
		out := chmodOut{Path: s.Abs(in.Path)}
		e, err := s.Stat(out.Path)
		if err != nil {
			return out, err
		}
		if !e.IsFolder() || !in.Recursive {
			if e.IsFolder() && in.FolderPermissions != "" {
				mode = folders
			}
			out.Changed = 1
			return out, s.SetMode(out.Path, mode)
		}
		all, err := remote.Tree(ctx, s, out.Path, in.MaxEntries)
		if err != nil {
			return out, err
		}
		// From the inside out: a folder may become one that cannot be entered.
		for _, e := range slices.Backward(append([]remote.Entry{e}, all...)) {
			if err := ctx.Err(); err != nil {
				return out, err
			}
			want := mode
			switch e.Kind {
			case remote.Folder:
				want = folders
			case remote.Link:
				continue
			}
			if err := s.SetMode(e.Path, want); err != nil {
				return out, err
			}
			out.Changed++
		}
		return out, nil
	})
}
