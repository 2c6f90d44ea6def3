package remote

import (
	"context"

	"github.com/aether-rpa/aether/node"
)

// Exists are the params of asking whether something is there.
type Exists struct {
	Path string `json:"path" is:"required" doc:"File or folder on the server."`
	Kind string `json:"kind" default:"any" enum:"any,file,folder" doc:"What it must be to count."`
}

// Found are the outputs of asking whether something is there.
type Found struct {
	Exists bool   `json:"exists" doc:"Whether it is there."`
	Kind   string `json:"kind" doc:"What it is: file, folder or other; empty if it is not there."`
}

// Do asks.
func (x Exists) Do(ctx context.Context, _ *node.Env, open Opener) (Found, error) {
	return Use(ctx, open, func(s Server) (Found, error) {
		e, err := stat(s, s.Abs(x.Path))
		if err != nil || e == nil {
			return Found{}, err
		}
		return Found{Exists: x.Kind == "any" || x.Kind == "" || e.Kind == x.Kind, Kind: e.Kind}, nil
	})
}

// Info are the params of describing something.
type Info struct {
	Path      string `json:"path" is:"required" doc:"File or folder on the server."`
	MustExist bool   `json:"must_exist" default:"true" doc:"Fail if it is not there."`
}

// Described are the outputs of describing something.
type Described struct {
	Found       bool   `json:"found" doc:"Whether it is there."`
	Path        string `json:"path" doc:"Its absolute path on the server."`
	Name        string `json:"name" doc:"Its name."`
	Kind        string `json:"kind" doc:"What it is: file, folder, link or other; empty if it is not there."`
	IsFolder    bool   `json:"is_folder" doc:"Whether it is a folder."`
	Size        any    `json:"size" doc:"Size of a file in bytes; nothing if the server does not say."`
	Modified    any    `json:"modified" doc:"When it was last changed, in UTC; nothing if the server does not say."`
	Permissions any    `json:"permissions" doc:"Permissions such as 0644; nothing if the server does not say."`
	Target      any    `json:"target" doc:"What a link leads to, or nothing."`
}

// Do describes; look is how to look, Stat if nil.
func (i Info) Do(ctx context.Context, open Opener, look func(Server, string) (Entry, error)) (Described, error) {
	return Use(ctx, open, func(s Server) (Described, error) {
		at := s.Abs(i.Path)
		if look == nil {
			look = Server.Stat
		}
		e, err := look(s, at)
		if NotFound(err) && !i.MustExist {
			return Described{Path: at}, nil
		}
		if err != nil {
			return Described{}, err
		}
		v := e.Value("")
		return Described{
			Found: true, Path: e.Path, Name: e.Name, Kind: e.Kind, IsFolder: e.IsFolder(),
			Size: v["size"], Modified: v["modified"], Permissions: v["permissions"], Target: v["target"],
		}, nil
	})
}

// Size are the params of asking for the size of a file.
type Size struct {
	Path      string `json:"path" is:"required" doc:"File on the server."`
	MustExist bool   `json:"must_exist" default:"true" doc:"Fail if there is no such file."`
}

// Sized are the outputs of asking for a size.
type Sized struct {
	Found bool `json:"found" doc:"Whether the file is there."`
	Size  int  `json:"size" doc:"Its size in bytes, 0 if it is not there."`
}

// Do asks for the size.
func (z Size) Do(ctx context.Context, _ *node.Env, open Opener) (Sized, error) {
	return Use(ctx, open, func(s Server) (Sized, error) {
		at := s.Abs(z.Path)
		e, err := s.Stat(at)
		switch {
		case NotFound(err) && !z.MustExist:
			return Sized{}, nil
		case err != nil:
			return Sized{}, err
		case e.IsFolder():
			return Sized{}, input("list the folder: the output size is the sum of its files", "%s is a folder on the server", at)
		case e.Size < 0:
			return Sized{}, Fail(node.KindError, "", "the server does not say the size of %s", at)
		}
		return Sized{Found: true, Size: int(e.Size)}, nil
	})
}
