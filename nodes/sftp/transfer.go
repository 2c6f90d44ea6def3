package sftp

import (
	"context"
	"io/fs"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/ftp/remote"
	"github.com/aether-rpa/aether/nodes/ssh/connect"
	"github.com/aether-rpa/aether/vault"
)

// needsServer says why the examples do not run as tests.
const needsServer = "it needs an SSH server"

// shop is the connection of the examples.
func shop() connect.Connection {
	return connect.Connection{Host: "ssftp.example.com", User: "shop", Password: vault.New("secret"), KnownHosts: "known_hosts"}
}

// rights is the param of the rights that files on the server shall have.
type rights struct {
	Permissions string `json:"permissions" doc:"Permissions that the file on the server shall have, such as 0644. Empty leaves those of a file that is replaced, and lets the server decide for a new one."`
}

func (r rights) mode() (*fs.FileMode, error) {
	if r.Permissions == "" {
		return nil, nil
	}
	m, err := remote.ParseMode(r.Permissions)
	return &m, err
}

func init() {
	node.Register(node.Spec[uploadIn, remote.Uploaded]{
		Type:  "sftp.upload",
		Title: "Upload file by SFTP",
		Doc: "Sends a file of any size to an SSH server. It appears under its name only when it is complete and its size is right, if the server allows that. " +
			"The time of change is kept, owner and rights of the local file are not.",
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
		Run: func(ctx context.Context, env *node.Env, in uploadIn) (out remote.Uploaded, err error) {
			if in.Mode, err = in.mode(); err != nil {
				return out, err
			}
			return in.Upload.Do(ctx, env, opener(in.Connection, env))
		},
	})
	node.Register(node.Spec[downloadIn, remote.Downloaded]{
		Type:  "sftp.download",
		Title: "Download file by SFTP",
		Doc: "Fetches a file of any size from an SSH server. It appears under its name only when it is complete and its size is the one that the server gave; until then a file that was there before stays. " +
			"A folder as target takes the name that the file has on the server.",
		Effect:   node.Once,
		EffectOf: func(in downloadIn) node.Effect { return in.Effect() },
		Examples: []node.Example[downloadIn, remote.Downloaded]{{
			Title:   "Fetch a price list if there is a newer one",
			In:      downloadIn{Connection: shop(), Download: remote.Download{From: "/out/prices.csv", To: "in/", Receiving: remote.Receiving{Existing: remote.Existing{IfExists: "newer"}}}},
			Out:     remote.Downloaded{Path: "/work/in/prices.csv", Name: "prices.csv", Action: "overwritten", Size: 5000, Received: 5000, Modified: "2026-01-31T08:00:00Z", Verified: true},
			DocOnly: needsServer,
		}, {
			Title:   "Fetch a large file over a bad line",
			In:      downloadIn{Connection: shop(), Download: remote.Download{From: "backup.zip", To: "backup.zip", Receiving: remote.Receiving{Resume: true}}},
			Out:     remote.Downloaded{Path: "/work/backup.zip", Name: "backup.zip", Action: "created", Size: 900_000_000, Received: 300_000_000, Verified: true},
			DocOnly: needsServer,
		}},
		Run: func(ctx context.Context, env *node.Env, in downloadIn) (remote.Downloaded, error) {
			return in.Download.Do(ctx, env, opener(in.Connection, env))
		},
	})
	node.Register(node.Spec[uploadFolderIn, remote.Mirrored]{
		Type:     "sftp.upload_folder",
		Title:    "Upload folder by SFTP",
		Doc:      "Sends what is in a local folder to a folder on an SSH server. " + remote.MirrorDoc + "",
		Effect:   node.Once,
		EffectOf: func(in uploadFolderIn) node.Effect { return in.Effect() },
		Examples: []node.Example[uploadFolderIn, remote.Mirrored]{{
			Title:   "Publish a web site",
			In:      uploadFolderIn{Connection: shop(), UploadFolder: remote.UploadFolder{From: "site", To: "/htdocs", Mirroring: remote.Mirroring{DeleteExtra: true}, Sending: remote.Sending{Existing: remote.Existing{IfExists: "newer"}}}},
			Out:     remote.Mirrored{Path: "/htdocs", Files: 3, Skipped: 120, Deleted: 1, Size: 4000},
			DocOnly: needsServer,
		}},
		Check: func(in uploadFolderIn) error { return in.Filter.Check() },
		Run: func(ctx context.Context, env *node.Env, in uploadFolderIn) (out remote.Mirrored, err error) {
			if in.Mode, err = in.mode(); err != nil {
				return out, err
			}
			return in.UploadFolder.Do(ctx, env, opener(in.Connection, env))
		},
	})
	node.Register(node.Spec[downloadFolderIn, remote.Mirrored]{
		Type:     "sftp.download_folder",
		Title:    "Download folder by SFTP",
		Doc:      "Fetches what is in a folder on an SSH server to a local folder. " + remote.MirrorDoc + " A server that lists names which would lead out of the folder is refused.",
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
			return in.DownloadFolder.Do(ctx, env, opener(in.Connection, env))
		},
	})
}

type uploadIn struct {
	Connection connect.Connection `json:"connection" is:"required" doc:"Server and user."`
	remote.Upload
	rights
}

type downloadIn struct {
	Connection connect.Connection `json:"connection" is:"required" doc:"Server and user."`
	remote.Download
}

type uploadFolderIn struct {
	Connection connect.Connection `json:"connection" is:"required" doc:"Server and user."`
	remote.UploadFolder
	rights
}

type downloadFolderIn struct {
	Connection connect.Connection `json:"connection" is:"required" doc:"Server and user."`
	remote.DownloadFolder
}
