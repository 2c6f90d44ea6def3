package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/item"
	"github.com/aether-rpa/aether/node"
)

// CSVImport is a file of work items, and how it is read.
type CSVImport struct {
	CSV       string `json:"csv" minLength:"1" doc:"The file: a header, then an item a row."`
	Reference string `json:"reference,omitempty" doc:"Column that holds the reference."`
	Delimiter string `json:"delimiter,omitempty" maxLength:"1" doc:"What stands between cells; left out, it is found in the header."`
	Rows      bool   `json:"rows,omitempty" doc:"Add the rows that are right and report the others; otherwise one that is wrong keeps all from being added."`
	DryRun    bool   `json:"dry_run,omitempty" doc:"Add nothing: tell what would be."`
}

type importIn struct {
	QueuePath
	Body CSVImport
}

func (in *importIn) note() (about, detail string) {
	if in.Body.DryRun {
		return in.Name, "nothing was added: only looked"
	}
	return in.Name, ""
}

type bulkIn struct {
	Body struct {
		Action  string  `json:"action" enum:"retry,delete,review"`
		Items   []int64 `json:"items" minItems:"1" maxItems:"10000"`
		Review  string  `json:"review,omitempty" enum:"in_review,verified,none" doc:"For the action review."`
		Comment string  `json:"comment,omitempty" maxLength:"2000"`
	}
}

func (in *bulkIn) note() (about, detail string) {
	var ids []string
	for _, id := range in.Body.Items {
		ids = append(ids, fmt.Sprint(id))
	}
	return clip(strings.Join(ids, " ")), in.Body.Action
}

// BulkDone is what came of doing something to several work items: each is done or refused by itself.
type BulkDone struct {
	Done    int          `json:"done"`
	Refused []BulkRefuse `json:"refused"`
}

// BulkRefuse says why something could not be done to a work item.
type BulkRefuse struct {
	Item  int64  `json:"item"`
	Error string `json:"error"`
}

// previewRows is how many rows of a file a preview has.
const previewRows = 20

func (s *Server) itemsAtOnce(a huma.API) {
	missing := []int{http.StatusNotFound}
	handle(s, a, op{right: auth.WriteItems, method: http.MethodPost, path: "/queues/{name}/import", id: "import-items", summary: "Add work items from a CSV file, or tell what that would do", tag: "items", body: 64 << 20, errors: missing},
		func(ctx context.Context, in *importIn) (*answer[*item.Preview], error) {
			q, err := s.workQueue(ctx, in.Name)
			if err != nil {
				return nil, err
			}
			o := item.CSV{Reference: in.Body.Reference, Columns: item.ColumnsOf(q.Schema)}
			for _, r := range in.Body.Delimiter {
				if o.Delimiter = r; r == '"' || r == '\r' || r == '\n' || r == 0xFFFD {
					return nil, &Problem{Kind: "input", Message: "this character cannot stand between cells", Hint: "use a comma, a semicolon, a tab or the like", status: http.StatusUnprocessableEntity}
				}
			}
			rows := item.ReadCSV(func() (io.ReadCloser, error) {
				return io.NopCloser(bytes.NewReader([]byte(in.Body.CSV))), nil
			}, o)
			if in.Body.DryRun {
				p, err := s.Items.Try(ctx, q, rows, previewRows)
				return &answer[*item.Preview]{p}, err
			}
			added, err := s.Items.Add(ctx, q, item.Adding{ItemAdd: node.ItemAdd{Rows: in.Body.Rows}}, rows)
			return &answer[*item.Preview]{&item.Preview{ItemsAdded: added, Sample: []item.PreviewRow{}}}, err
		})
	handle(s, a, op{right: auth.WriteItems, method: http.MethodPost, path: "/items/bulk", id: "bulk-items", summary: "Retry, delete or review several work items, each by itself", tag: "items"},
		func(ctx context.Context, in *bulkIn) (*answer[BulkDone], error) {
			out := &answer[BulkDone]{BulkDone{Refused: []BulkRefuse{}}}
			for _, id := range in.Body.Items {
				var err error
				switch in.Body.Action {
				case "retry":
					_, err = s.Items.Retry(ctx, id)
				case "delete":
					err = s.Items.Delete(ctx, id, 0)
				default:
					err = s.Items.Review(ctx, id, 0, in.Body.Review, who(ctx).Name, in.Body.Comment)
				}
				switch {
				case err == nil:
					out.Body.Done++
				case errors.Is(err, item.ErrInput):
					out.Body.Refused = append(out.Body.Refused, BulkRefuse{id, err.Error()})
				default:
					return nil, err
				}
			}
			return out, nil
		})
}

func (s *Server) itemFiles(a huma.API) {
	handle(s, a, op{right: auth.ReadItems, method: http.MethodGet, path: "/items/{id}/files/{digest}", id: "get-item-file", summary: "Get a file of a work item", tag: "items", errors: []int{http.StatusNotFound}},
		func(ctx context.Context, in *struct {
			ItemPath
			Digest string `path:"digest" doc:"Digest of the file, as the item tells it."`
		}) (*huma.StreamResponse, error) {
			list, err := s.Items.List(ctx, "", node.ItemFilter{ID: in.ID})
			if err != nil {
				return nil, err
			}
			if len(list) == 0 {
				return nil, noItem(in.ID)
			}
			name := ""
			for n, f := range list[0].Files {
				if f.Digest == in.Digest && (name == "" || n < name) {
					name = n
				}
			}
			if name == "" {
				return nil, &Problem{Kind: "not_found", Message: fmt.Sprintf("the work item %d has no such file", in.ID), status: http.StatusNotFound}
			}
			f, err := s.Orch.Artifacts.Open(ctx, in.Digest)
			if err != nil {
				return nil, err
			}
			return &huma.StreamResponse{Body: func(hc huma.Context) {
				defer f.Close()
				// Whatever is in it, a browser keeps it and does not show it.
				hc.SetHeader("Content-Type", "application/octet-stream")
				hc.SetHeader("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
				if _, err := io.Copy(hc.BodyWriter(), f); err != nil {
					s.Log.Debug("sending a file of a work item", "item", in.ID, "err", err)
				}
			}}, nil
		})
}
