package ftp

import (
	"context"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/ftp/remote"
	"github.com/aether-rpa/aether/vault"
)

// needsServer says why the examples do not run as tests.
const needsServer = "it needs an FTP server"

// shop is the connection of the examples.
func shop() Connection {
	return Connection{Host: "ftp.example.com", User: "shop", Password: vault.New("secret")}
}

// transferMode is the param of how the server treats files.
type transferMode struct {
	Mode string `json:"mode" default:"binary" enum:"binary,text" doc:"How to transfer. binary: every byte as it is. text: the server may change line ends and characters to its own (ASCII); local files have LF. Sizes are then not compared, and nothing is resumed."`
}

func (m transferMode) text() bool { return m.Mode == "text" }

func init() {
	node.Register(node.Spec[uploadIn, remote.Uploaded]{
		Type:  "ftp.upload",
		Title: "Upload file by FTP",
		Doc: "Sends a file of any size to an FTP server. It appears under its name only when it is complete and its size is right, if the server allows that. " +
			"Most servers keep no more than the content and, some, the time of change.",
		Effect:   node.Once,
		EffectOf: func(in uploadIn) node.Effect { return in.Upload.Effect() },
		Examples: []node.Example[uploadIn, remote.Uploaded]{{
			Title:   "Send an order to a supplier",
			In:      uploadIn{Connection: shop(), Upload: remote.Upload{From: "out/order.csv", To: "/in/"}},
			Out:     remote.Uploaded{Path: "/in/order.csv", Action: "created", Size: 1234, Sent: 1234, Atomic: true, Verified: true},
			DocOnly: needsServer,
		}, {
			Title:   "Send a large file over a bad line",
			In:      uploadIn{Connection: shop(), Upload: remote.Upload{From: "backup.zip", To: "/backup/backup.zip", Sending: remote.Sending{Resume: true, Atomic: true}}},
			Out:     remote.Uploaded{Path: "/backup/backup.zip", Action: "overwritten", Size: 900_000_000, Sent: 300_000_000, Atomic: true, Verified: true},
			DocOnly: needsServer,
		}},
		Check: func(in uploadIn) error { return in.Upload.Check() },
		Run: func(ctx context.Context, env *node.Env, in uploadIn) (remote.Uploaded, error) {
			in.Text = in.text()
			if in.Text && in.Resume {
				return remote.Uploaded{}, node.Fail(node.KindInput, "a text transfer cannot be resumed", "set mode to binary")
			}
			return in.Upload.Do(ctx, env, in.Connection.opener(env, in.Text))
		},
	})
	node.Register(node.Spec[downloadIn, remote.Downloaded]{
		Type:  "ftp.download",
		Title: "Download file by FTP",
		Doc: "Fetches a file of any size from an FTP server. It appears under its name only when it is complete and its size is the one that the server gave; until then a file that was there before stays. " +
			"A folder as target takes the name that the file has on the server.",
		Effect:   node.Once,
		EffectOf: func(in downloadIn) node.Effect { return in.Effect() },
		Examples: []node.Example[downloadIn, remote.Downloaded]{{
			Title:   "Fetch a price list if there is a newer one",
			In:      downloadIn{Connection: shop(), Download: remote.Download{From: "/out/prices.csv", To: "in/", Receiving: remote.Receiving{Existing: remote.Existing{IfExists: "newer"}}}},
			Out:     remote.Downloaded{Path: "/work/in/prices.csv", Name: "prices.csv", Action: "overwritten", Size: 5000, Received: 5000, Modified: "2026-01-31T08:00:00Z", Verified: true},
			DocOnly: needsServer,
		}, {
			Title:   "Fetch a text of a mainframe",
			In:      downloadIn{Connection: shop(), Download: remote.Download{From: "REPORT.TXT", To: "report.txt"}, transferMode: transferMode{"text"}},
			Out:     remote.Downloaded{Path: "/work/report.txt", Name: "report.txt", Action: "created", Size: 4900, Received: 5000},
			DocOnly: needsServer,
		}},
		Run: func(ctx context.Context, env *node.Env, in downloadIn) (remote.Downloaded, error) {
			in.Text = in.text()
			return in.Download.Do(ctx, env, in.Connection.opener(env, in.Text))
		},
	})
	node.Register(node.Spec[uploadFolderIn, remote.Mirrored]{
		Type:     "ftp.upload_folder",
		Title:    "Upload folder by FTP",
		Doc:      "Sends what is in a local folder to a folder on an FTP server. " + remote.MirrorDoc + " Servers that cannot set times give files the time at which they arrive.",
		Effect:   node.Once,
		EffectOf: func(in uploadFolderIn) node.Effect { return in.Effect() },
		Examples: []node.Example[uploadFolderIn, remote.Mirrored]{{
			Title:   "Publish a web site",
			In:      uploadFolderIn{Connection: shop(), UploadFolder: remote.UploadFolder{From: "site", To: "/htdocs", Mirroring: remote.Mirroring{DeleteExtra: true}, Sending: remote.Sending{Existing: remote.Existing{IfExists: "newer"}}}},
			Out:     remote.Mirrored{Path: "/htdocs", Files: 3, Skipped: 120, Deleted: 1, Size: 4000},
			DocOnly: needsServer,
		}},
		Check: func(in uploadFolderIn) error { return in.Filter.Check() },
		Run: func(ctx context.Context, env *node.Env, in uploadFolderIn) (remote.Mirrored, error) {
			return in.UploadFolder.Do(ctx, env, in.Connection.opener(env, false))
		},
	})
	node.Register(node.Spec[downloadFolderIn, remote.Mirrored]{
		Type:     "ftp.download_folder",
		Title:    "Download folder by FTP",
		Doc:      "Fetches what is in a folder on an FTP server to a local folder. " + remote.MirrorDoc + " A server that lists names which would lead out of the folder is refused.",
		Effect:   node.Once,
		EffectOf: func(in downloadFolderIn) node.Effect { return in.Effect() },
		Examples: []node.Example[downloadFolderIn, remote.Mirrored]{{
			Title:   "Fetch all new invoices",
			In:      downloadFolderIn{Connection: shop(), DownloadFolder: remote.DownloadFolder{From: "/invoices", To: "in/invoices", Mirroring: remote.Mirroring{Filter: remote.Filter{Pattern: []string{"*.pdf"}}}, Receiving: remote.Receiving{Existing: remote.Existing{IfExists: "skip"}}}},
			Out:     remote.Mirrored{Path: "/work/in/invoices", Files: 7, Skipped: 300, Size: 700_000},
			DocOnly: needsServer,
		}},
		Check: func(in downloadFolderIn) error { return in.Filter.Check() },
		Run: func(ctx context.Context, env *node.Env, in downloadFolderIn) (remote.Mirrored, error) {
			return in.DownloadFolder.Do(ctx, env, in.Connection.opener(env, false))
		},
	})
}

type uploadIn struct {
	Connection Connection `json:"connection" is:"required" doc:"Server and user."`
	remote.Upload
	transferMode
}

type downloadIn struct {
	Connection Connection `json:"connection" is:"required" doc:"Server and user."`
	remote.Download
	transferMode
}

type uploadFolderIn struct {
	Connection Connection `json:"connection" is:"required" doc:"Server and user."`
	remote.UploadFolder
}

type downloadFolderIn struct {
	Connection Connection `json:"connection" is:"required" doc:"Server and user."`
	remote.DownloadFolder
}
