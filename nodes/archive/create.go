package archive

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/vault"
)

func init() {
	node.Register(node.Spec[createIn, packOut]{
		Type: "archive.create", Title: "Create archive", Effect: node.Idempotent,
		Doc: "Packs files and folders into an archive of the kind its name says, replacing one that is there in one step. A file is packed under its name, a folder with all in it under its name. Links to files are packed as files, links to folders left out.",
		Examples: []node.Example[createIn, packOut]{{
			Title: "Pack a folder", Files: map[string]string{"out/a.txt": "1", "out/sub/b.txt": "2"},
			In:    createIn{choice: choice{Paths: []string{"out"}, To: "out.zip"}},
			Check: packed("out.zip", 2),
		}, {
			Title: "Only spreadsheets, as tar with Zstandard", Files: map[string]string{"out/a.xlsx": "1", "out/b.txt": "2"},
			In:    createIn{choice: choice{Paths: []string{"out"}, To: "out.tar.zst", Pattern: []string{"*.xlsx"}, Flat: true}},
			Check: packed("out.tar.zst", 1),
		}, {
			Title: "A zip with a password", Files: map[string]string{"a.txt": "1"},
			In:    createIn{choice: choice{Paths: []string{"a.txt"}, To: "a.zip"}, Password: vault.New("example")},
			Check: packed("a.zip", 1),
		}},
		Run: create,
	})
	node.Register(node.Spec[zipIn, packOut]{
		Type: "archive.zip", Title: "Zip files", Effect: node.Idempotent, Aliases: []string{"file.zip"},
		Doc: "Packs files and folders into a zip archive, whatever its name, replacing one that is there in one step. A file is packed under its name, a folder with all in it under its name. Links to files are packed as files, links to folders left out.",
		Examples: []node.Example[zipIn, packOut]{{
			Title: "Zip a folder", Files: map[string]string{"out/a.txt": "1", "out/sub/b.txt": "2"},
			In:    zipIn{choice: choice{Paths: []string{"out"}, To: "out.zip"}},
			Check: packed("out.zip", 2),
		}, {
			Title: "Only spreadsheets, without the folder's own name, the same bytes every time", Files: map[string]string{"out/a.xlsx": "1", "out/b.txt": "2"},
			In:    zipIn{choice: choice{Paths: []string{"out/"}, To: "out.zip", Pattern: []string{"*.xlsx"}, Flat: true, Deterministic: true}},
			Check: packed("out.zip", 1),
		}},
		Run: func(ctx context.Context, env *node.Env, in zipIn) (packOut, error) {
			return create(ctx, env, createIn{choice: in.choice, Format: "zip", Comment: in.Comment, Password: in.Password})
		},
	})
	node.Register(node.Spec[tarIn, packOut]{
		Type: "archive.tar", Title: "Tar files", Effect: node.Idempotent, Aliases: []string{"file.tar"},
		Doc: "Packs files and folders into a tar archive, whatever its name, replacing one that is there in one step. An archive named .tar.gz or .tgz, .tar.bz2, .tar.xz, .tar.zst or .tar.lz4 is also compressed. Links to files are packed as files, links to folders left out.",
		Examples: []node.Example[tarIn, packOut]{{
			Title: "Pack a folder", Files: map[string]string{"out/a.txt": "1", "out/sub/b.txt": "2"},
			In:    tarIn{choice{Paths: []string{"out"}, To: "out.tar.gz"}},
			Check: packed("out.tar.gz", 2),
		}, {
			Title: "Without compression", Files: map[string]string{"a.txt": "1"},
			In:    tarIn{choice{Paths: []string{"a.txt"}, To: "a.tar"}},
			Check: packed("a.tar", 1),
		}},
		Run: func(ctx context.Context, env *node.Env, in tarIn) (packOut, error) {
			format := "tar"
			if _, c := cutCodec(in.To); c != nil {
				format += c.suffix[0]
			}
			return create(ctx, env, createIn{choice: in.choice, Format: format})
		},
	})
}

type createIn struct {
	choice
	Format   string       `json:"format" default:"auto" enum:"auto,zip,tar,tar.gz,tar.bz2,tar.xz,tar.zst,tar.lz4" doc:"Kind of archive; auto takes it from the name."`
	Comment  string       `json:"comment" is:"advanced" doc:"Comment of a zip archive."`
	Password vault.Secret `json:"password" doc:"Password for a zip archive, as a secret: its contents are encrypted with AES-256. 7-Zip, WinZip and macOS programs open it, the Explorer of Windows and unzip do not. The names stay readable; to hide them too, encrypt the archive with crypto.encrypt_file."`
}

type zipIn struct {
	choice
	Comment  string       `json:"comment" is:"advanced" doc:"Comment of the archive."`
	Password vault.Secret `json:"password" doc:"Password, as a secret: the contents are encrypted with AES-256, the names are not. 7-Zip, WinZip and macOS programs open it, the Explorer of Windows and unzip do not."`
}

type tarIn struct {
	choice
}

func create(ctx context.Context, env *node.Env, in createIn) (packOut, error) {
	if in.Format == "auto" || in.Format == "" {
		if in.Format = formatOf(in.To); in.Format == "" {
			return packOut{}, input("end the name with .zip, .tar, .tar.gz, .tar.bz2, .tar.xz, .tar.zst or .tar.lz4, or set format", "the name %s does not say what kind of archive it is to be", in.To)
		}
	}
	if in.Format != "zip" && (in.Comment != "" || !in.Password.Empty()) {
		return packOut{}, input("take a zip archive, or encrypt the finished one with crypto.encrypt_file", "an archive of the kind %s has no password and no comment", in.Format)
	}
	all, err := in.members(ctx, env)
	if err != nil {
		return packOut{}, err
	}
	out := packOut{}
	done := func(m member) {
		if !m.info.IsDir() {
			out.Files++
			env.Progress(m.name, out.Files, len(all))
		}
	}
	out.Size, err = writeFile(env, in.To, func(w io.Writer) error {
		if in.Format == "zip" {
			return writeZip(ctx, env, w, all, in, done)
		}
		_, c := cutCodec(in.Format)
		if c == nil {
			return writeTar(ctx, env, w, all, in.choice, done)
		}
		z, err := c.create(w, in.Level)
		if err != nil {
			return err
		}
		return errors.Join(writeTar(ctx, env, z, all, in.choice, done), z.Close())
	})
	if err != nil {
		return packOut{}, err
	}
	out.Path = absolute(env, in.To)
	return out, nil
}

// longName tells whether a name can be written at all.
func longName(name string) error {
	if strings.ContainsRune(name, 0) || len(name) > 1<<15 {
		return input("rename it", "the name %.40q... cannot be packed", name)
	}
	return nil
}
