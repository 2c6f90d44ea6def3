package file

import (
	"context"
	"encoding/base64"
	"io"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[readBytesIn, readBytesOut]{
		Type:   "file.read_bytes",
		Title:  "Read file as base64",
		Doc:    "Reads a file, or a part of it, as base64 text, for content that is not text. The whole part is held in memory.",
		Effect: node.Read,
		Examples: []node.Example[readBytesIn, readBytesOut]{{
			Title: "Read a small picture",
			Files: map[string]string{"dot.bin": "\x00\x01\xff"},
			In:    readBytesIn{Path: "dot.bin"},
			Out:   readBytesOut{Base64: "AAH/", Size: 3, FileSize: 3},
		}, {
			Title: "Read the first two bytes",
			Files: map[string]string{"x.zip": "PK\x03\x04"},
			In:    readBytesIn{Path: "x.zip", Length: 2},
			Out:   readBytesOut{Base64: "UEs=", Size: 2, FileSize: 4},
		}},
		Run: readBytes,
	})
}

type readBytesIn struct {
	Path    string `json:"path" is:"required" widget:"file" doc:"File to read."`
	Offset  int    `json:"offset" min:"0" is:"advanced" doc:"Byte to start at, counted from 0."`
	Length  int    `json:"length" min:"0" is:"advanced" doc:"How many bytes to read at most; 0 means to the end."`
	MaxSize int    `json:"max_size" default:"67108864" min:"1" is:"advanced" doc:"Most bytes to read. More fail the node."`
}

type readBytesOut struct {
	Base64   string `json:"base64" doc:"The bytes in base64."`
	Size     int    `json:"size" doc:"How many bytes were read."`
	FileSize int    `json:"file_size" doc:"Size of the whole file in bytes."`
}

func readBytes(ctx context.Context, env *node.Env, in readBytesIn) (readBytesOut, error) {
	f, info, err := openFile(env, in.Path)
	if err != nil {
		return readBytesOut{}, err
	}
	defer f.Close()
	if _, err := f.Seek(int64(in.Offset), io.SeekStart); err != nil {
		return readBytesOut{}, tell(err, "reading "+in.Path, in.Path)
	}
	most := int64(in.MaxSize) + 1
	if in.Length > 0 {
		most = min(most, int64(in.Length))
	}
	b, err := io.ReadAll(io.LimitReader(reader{ctx, f}, most))
	if err != nil {
		return readBytesOut{}, tell(err, "reading "+in.Path, in.Path)
	}
	if len(b) > in.MaxSize {
		return readBytesOut{}, tooLarge(in.Path, max(info.Size()-int64(in.Offset), int64(len(b))), in.MaxSize)
	}
	return readBytesOut{Base64: base64.StdEncoding.EncodeToString(b), Size: len(b), FileSize: int(info.Size())}, nil
}
