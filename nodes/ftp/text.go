package ftp

import (
	"context"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/ftp/remote"
)

func init() {
	node.Register(node.Spec[readTextIn, remote.TextRead]{
		Type:   "ftp.read_text",
		Title:  "Read text by FTP",
		Doc:    "Reads a text file on an FTP server without making a local file.",
		Effect: node.Read,
		Examples: []node.Example[readTextIn, remote.TextRead]{{
			Title:   "Read a status file",
			In:      readTextIn{Connection: shop(), ReadText: remote.ReadText{Path: "/status.txt"}},
			Out:     remote.TextRead{Text: "ready\n", Size: 6, Path: "/status.txt"},
			DocOnly: needsServer,
		}},
		Run: func(ctx context.Context, env *node.Env, in readTextIn) (remote.TextRead, error) {
			return in.ReadText.Do(ctx, env, in.Connection.opener(env, false))
		},
	})
	node.Register(node.Spec[writeTextIn, remote.Uploaded]{
		Type:     "ftp.write_text",
		Title:    "Write text by FTP",
		Doc:      "Writes a text to a file on an FTP server, in one step if the server allows that. The time of the file is that of writing, and a transfer is not resumed.",
		Effect:   node.Once,
		EffectOf: func(in writeTextIn) node.Effect { return in.Effect() },
		Examples: []node.Example[writeTextIn, remote.Uploaded]{{
			Title:   "Tell the other side that all files are there",
			In:      writeTextIn{Connection: shop(), UploadText: remote.UploadText{Path: "/in/complete.txt", Text: "3 files\n"}},
			Out:     remote.Uploaded{Path: "/in/complete.txt", Action: "created", Size: 8, Sent: 8, Atomic: true, Verified: true},
			DocOnly: needsServer,
		}},
		Run: func(ctx context.Context, env *node.Env, in writeTextIn) (remote.Uploaded, error) {
			return in.UploadText.Do(ctx, env, in.Connection.opener(env, false))
		},
	})
	node.Register(node.Spec[appendIn, remote.Appended]{
		Type:   "ftp.append",
		Title:  "Append to file by FTP",
		Doc:    "Adds a text, or the content of a local file, at the end of a file on an FTP server. " + remote.AppendDoc,
		Effect: node.Once,
		Examples: []node.Example[appendIn, remote.Appended]{{
			Title:   "Add a line to a log",
			In:      appendIn{Connection: shop(), Append: remote.Append{Path: "/log.txt", Text: new("done\n")}},
			Out:     remote.Appended{Path: "/log.txt", Sent: 5, Size: new(105)},
			DocOnly: needsServer,
		}},
		Run: func(ctx context.Context, env *node.Env, in appendIn) (remote.Appended, error) {
			return in.Append.Do(ctx, env, in.Connection.opener(env, false))
		},
	})
}

type readTextIn struct {
	Connection Connection `json:"connection" is:"required" doc:"Server and user."`
	remote.ReadText
}

type writeTextIn struct {
	Connection Connection `json:"connection" is:"required" doc:"Server and user."`
	remote.UploadText
}

type appendIn struct {
	Connection Connection `json:"connection" is:"required" doc:"Server and user."`
	remote.Append
}
