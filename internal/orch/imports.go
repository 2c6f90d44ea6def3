package orch

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/casare"
	"github.com/aether-rpa/aether/node"
)

// Import is one file of an import.
type Import struct {
	Source string         `json:"source"`
	Target string         `json:"target,omitempty"` // file of the flow
	Report *casare.Report `json:"report,omitempty"`
	Error  string         `json:"error,omitempty"` // why nothing came of it

	// Called tells that it comes along because another one calls it.
	Called bool `json:"called,omitempty"`

	Flow *flow.Flow `json:"-"`

	calls map[string]bool // files it calls
}

// ImportCasare converts a workflow of CasareRPA with those that it calls, or all
// in a folder and below it. It writes nothing; Target says where each flow belongs below out. Files of
// a folder that are no workflows are left out; a file named by itself that is
// none is an error.
func ImportCasare(source, out string, reg *node.Registry) ([]Import, error) {
	info, err := os.Stat(source)
	if err != nil {
		return nil, fmt.Errorf("opening the workflow: %w", err)
	}
	if !info.IsDir() {
		return importWithCalls(source, out, reg)
	}
	var all []Import
	err = filepath.WalkDir(source, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != source && strings.HasPrefix(d.Name(), ".") {
			return filepath.SkipDir
		}
		if d.IsDir() || !casare.IsName(d.Name()) {
			return nil
		}
		rel, err := filepath.Rel(source, path)
		if err != nil {
			return err
		}
		src, err := readLimited(path)
		if err != nil {
			all = append(all, Import{Source: path, Error: err.Error()})
			return nil
		}
		if !casare.Is(src) {
			return nil
		}
		imp, err := importOne(path, filepath.Join(out, FlowName(rel)), reg)
		if err != nil {
			imp = Import{Source: path, Error: err.Error()}
		}
		all = append(all, imp)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the folder %s: %w", source, err)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("there is no CasareRPA workflow in %s", source)
	}
	slices.SortFunc(all, func(a, b Import) int { return strings.Compare(a.Source, b.Source) })
	return all, nil
}

// importWithCalls converts a workflow and those that it calls, so that the flow
// runs where it is written. Only files in its folder and below are taken: what
// stands elsewhere may be shared by others.
func importWithCalls(source, target string, reg *node.Registry) ([]Import, error) {
	first, err := importOne(source, target, reg)
	if err != nil {
		return nil, err
	}
	all, done := []Import{first}, map[string]bool{source: true}
	for i := 0; i < len(all) && len(all) < maxCalled; i++ {
		for _, ref := range slices.Sorted(maps.Keys(all[i].calls)) {
			path := filepath.Join(filepath.Dir(all[i].Source), filepath.FromSlash(ref))
			rel, err := filepath.Rel(filepath.Dir(source), path)
			if err != nil || !filepath.IsLocal(rel) || done[path] {
				continue
			}
			done[path] = true
			if _, err := os.Stat(path); err != nil {
				continue // the report of the caller says it
			}
			imp, err := importOne(path, filepath.Join(filepath.Dir(target), FlowName(rel)), reg)
			if err != nil {
				imp = Import{Source: path, Error: err.Error()}
			}
			imp.Called = true
			all = append(all, imp)
		}
	}
	return all, nil
}

// maxCalled bounds how many workflows come along with one.
const maxCalled = 1000

// FlowName returns the name of the flow file for a workflow file.
func FlowName(path string) string {
	return filepath.Join(filepath.Dir(path), stem(path)+".flow.yaml")
}

func importOne(source, target string, reg *node.Registry) (Import, error) {
	src, err := readLimited(source)
	if err != nil {
		return Import{}, err
	}
	dir := filepath.Dir(source)
	calls := map[string]bool{}
	rename := func(ref string) string {
		if casare.IsName(ref) {
			calls[ref] = true
			return filepath.ToSlash(FlowName(ref))
		}
		return ref
	}
	f, report, err := casare.Convert(src, casare.Options{
		Nodes: reg, Name: stem(source), Rename: rename, Open: casare.OpenFrom(dir),
		Find: func(id string) string {
			if name := casare.FindFile(dir, id); name != "" {
				return rename(name)
			}
			return ""
		},
	})
	if err != nil {
		if errors.Is(err, casare.ErrNot) {
			return Import{}, fmt.Errorf("%s is not a CasareRPA workflow: it is no JSON object with nodes", source)
		}
		return Import{}, fmt.Errorf("reading the CasareRPA workflow %s: %w", source, err)
	}
	report.File = source
	return Import{Source: source, Target: target, Report: report, Flow: f, calls: calls}, nil
}

// readLimited reads a file that may be a workflow, or says that it is too
// large for one.
func readLimited(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("opening the workflow: %w", err)
	}
	if info.Size() > 64<<20 {
		return nil, fmt.Errorf("%s has %d MiB, which no workflow has", path, info.Size()>>20)
	}
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the workflow: %w", err)
	}
	return src, nil
}
