package file

import (
	"context"
	"errors"
	"io/fs"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[deleteIn, deleteOut]{
		Type:   "file.delete",
		Title:  "Delete file",
		Doc:    "Deletes a file for good; there is no bin. A link is deleted, not what it leads to. A file that is not there is no error unless must_exist is set.",
		Effect: node.Once,
		EffectOf: func(in deleteIn) node.Effect {
			return deleteEffect(in.MustExist)
		},
		Examples: []node.Example[deleteIn, deleteOut]{{
			Title: "Delete a file",
			Files: map[string]string{"old.txt": "x"},
			In:    deleteIn{Path: "old.txt"},
			Out:   deleteOut{Deleted: true},
		}, {
			Title: "Delete a file that is gone already",
			In:    deleteIn{Path: "old.txt"},
			Out:   deleteOut{Deleted: false},
		}},
		Run: deleteFile,
	})
	node.Register(node.Spec[deleteFolderIn, deleteOut]{
		Type:     "file.delete_folder",
		Title:    "Delete folder",
		Doc:      "Deletes a folder for good; there is no bin. A folder that is not empty is deleted only if contents is set. Links inside are deleted, not what they lead to. A folder that is not there is no error unless must_exist is set.",
		Effect:   node.Once,
		EffectOf: func(in deleteFolderIn) node.Effect { return deleteEffect(in.MustExist) },
		Examples: []node.Example[deleteFolderIn, deleteOut]{{
			Title: "Delete a folder with all in it",
			Files: map[string]string{"old/a/b.txt": "x"},
			In:    deleteFolderIn{Path: "old", Contents: true},
			Out:   deleteOut{Deleted: true},
		}, {
			Title: "Delete a folder that is gone already",
			In:    deleteFolderIn{Path: "old"},
			Out:   deleteOut{Deleted: false},
		}},
		Run: deleteFolder,
	})
}

func deleteEffect(mustExist bool) node.Effect {
	if mustExist {
		return node.Once
	}
	return node.Idempotent
}

type deleteIn struct {
	Path      string `json:"path" is:"required" widget:"file" doc:"File to delete."`
	MustExist bool   `json:"must_exist" doc:"Fail if the file is not there."`
}

type deleteOut struct {
	Deleted bool `json:"deleted" doc:"False if it was not there."`
}

func deleteFile(_ context.Context, env *node.Env, in deleteIn) (deleteOut, error) {
	info, err := env.Files.Lstat(in.Path)
	if errors.Is(err, fs.ErrNotExist) && !in.MustExist {
		return deleteOut{}, nil
	}
	if err == nil && info.IsDir() {
		return deleteOut{}, input("use file.delete_folder", "%s is a folder", in.Path)
	}
	if err == nil {
		err = env.Files.Remove(in.Path)
	}
	return deleteOut{Deleted: err == nil}, tell(err, "deleting "+in.Path, in.Path)
}

type deleteFolderIn struct {
	Path      string `json:"path" is:"required" widget:"folder" doc:"Folder to delete."`
	Contents  bool   `json:"contents" doc:"Delete all that is in the folder too."`
	MustExist bool   `json:"must_exist" doc:"Fail if the folder is not there."`
}

func deleteFolder(_ context.Context, env *node.Env, in deleteFolderIn) (deleteOut, error) {
	info, err := env.Files.Lstat(in.Path)
	if errors.Is(err, fs.ErrNotExist) && !in.MustExist {
		return deleteOut{}, nil
	}
	if err != nil {
		return deleteOut{}, tell(err, "deleting "+in.Path, in.Path)
	}
	if !info.IsDir() {
		return deleteOut{}, input("use file.delete", "%s is not a folder", in.Path)
	}
	if in.Contents {
		err = env.Files.RemoveAll(in.Path)
	} else if err = refuseFull(env, in.Path); err == nil {
		err = env.Files.Remove(in.Path)
	}
	return deleteOut{Deleted: err == nil}, tell(err, "deleting "+in.Path, in.Path)
}

func refuseFull(env *node.Env, path string) error {
	f, err := env.Files.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if names, err := f.Readdirnames(1); err == nil && len(names) > 0 {
		return input("set contents to delete all that is in it", "the folder %s is not empty", path)
	}
	return nil
}
