package sftp

import (
	"context"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/ftp/remote"
	"github.com/aether-rpa/aether/nodes/ssh/connect"
)

func init() {
	node.Register(node.Spec[readTextIn, remote.TextRead]{
		Type:   "sftp.read_text",
		Title:  "Read text by SFTP",
		Doc:    "Reads a text file on an SSH server without making a local file.",
		Effect: node.Read,
		Examples: []node.Example[readTextIn, remote.TextRead]{{
			Title:   "Read a status file",
			In:      readTextIn{Connection: shop(), ReadText: remote.ReadText{Path: "/status.txt"}},
			Out:     remote.TextRead{Text: "ready\n", Size: 6, Path: "/status.txt"},
			DocOnly: needsServer,
		}},
		Run: func(ctx context.Context, env *node.Env, in readTextIn) (remote.TextRead, error) {
			return in.ReadText.Do(ctx, env, opener(in.Connection, env))
		},
	})
	node.Register(node.Spec[writeTextIn, remote.Uploaded]{
		Type:     "sftp.write_text",
		Title:    "Write text by SFTP",
		Doc:      "Writes a text to a file on an SSH server, in one step if the server allows that. The time of the file is that of writing, and a transfer is not resumed.",
		Effect:   node.Once,
		EffectOf: func(in writeTextIn) node.Effect { return in.Effect() },
		Examples: []node.Example[writeTextIn, remote.Uploaded]{{
			Title:   "Tell the other side that all files are there",
			In:      writeTextIn{Connection: shop(), UploadText: remote.UploadText{Path: "/in/complete.txt", Text: "3 files\n"}},
			Out:     remote.Uploaded{Path: "/in/complete.txt", Action: "created", Size: 8, Sent: 8, Atomic: true, Verified: true},
			DocOnly: needsServer,
		}},
		Run: func(ctx context.Context, env *node.Env, in writeTextIn) (out remote.Uploaded, err error) {
			if in.Mode, err = in.mode(); err != nil {
				return out, err
			}
			return in.UploadText.Do(ctx, env, opener(in.Connection, env))
		},
	})
	node.Register(node.Spec[appendIn, remote.Appended]{
		Type:   "sftp.append",
		Title:  "Append to file by SFTP",
		Doc:    "Adds a text, or the content of a local file, at the end of a file on an SSH server. " + remote.AppendDoc,
		Effect: node.Once,
		Examples: []node.Example[appendIn, remote.Appended]{{
			Title:   "Add a line to a log",
			In:      appendIn{Connection: shop(), Append: remote.Append{Path: "/log.txt", Text: new("done\n")}},
			Out:     remote.Appended{Path: "/log.txt", Sent: 5, Size: new(105)},
			DocOnly: needsServer,
		}},
		Run: func(ctx context.Context, env *node.Env, in appendIn) (remote.Appended, error) {
			return in.Append.Do(ctx, env, opener(in.Connection, env))
		},
	})
}

type readTextIn struct {
	Connection connect.Connection `json:"connection" is:"required" doc:"Server and user."`
	remote.ReadText
}

type writeTextIn struct {
	Connection connect.Connection `json:"connection" is:"required" doc:"Server and user."`
	remote.UploadText
	rights
}

type appendIn struct {
	Connection connect.Connection `json:"connection" is:"required" doc:"Server and user."`
	remote.Append
}
