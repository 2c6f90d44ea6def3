package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/item"
	"github.com/aether-rpa/aether/internal/queue"
)

type queueStats struct {
	Stages  []queue.Stage  `json:"stages"`
	Every   float64        `json:"every" doc:"Seconds between two samples."`
	Samples []queue.Sample `json:"samples" doc:"What this server saw of the last hour since it was started, oldest first. Another server has its own."`
}

// ItemQueueStats tell how a queue of work items is doing, by day too.
type ItemQueueStats struct {
	*item.Stats
	Days []item.Day `json:"days" doc:"The last days in UTC, the present one last."`
}

// deadGroups is how many groups of dead letters are told.
const deadGroups = 500

func (s *Server) stats(a huma.API) {
	handle(s, a, op{right: auth.ReadQueue, method: http.MethodGet, path: "/stats/queue", id: "queue-samples", summary: "Count the jobs by stage, and tell how deep the queue was and how long claims took in the last hour", tag: "jobs"},
		func(ctx context.Context, _ *struct{}) (*answer[queueStats], error) {
			stages, err := s.Queue.StageCounts(ctx)
			out := &answer[queueStats]{queueStats{Stages: stages, Every: queue.SampleEvery.Seconds(), Samples: []queue.Sample{}}}
			if s.Watch != nil {
				out.Body.Samples = s.Watch.Samples()
			}
			return out, err
		})
	handle(s, a, op{right: auth.ReadQueue, method: http.MethodGet, path: "/stats/dead", id: "dead-groups", summary: "Count the dead letters by flow and reason, the largest groups first", tag: "jobs"},
		func(ctx context.Context, _ *struct{}) (*page[queue.DeadGroup], error) {
			list, err := s.Queue.DeadGroups(ctx, deadGroups)
			return paged(list, len(list), func(queue.DeadGroup) any { return nil }), err
		})
	handle(s, a, op{right: auth.ReadItems, method: http.MethodGet, path: "/stats/items", id: "item-stats", summary: "Tell how all queues of work items are doing, by day too", tag: "items"},
		func(ctx context.Context, in *struct {
			Days  int    `query:"days" default:"14" minimum:"1" maximum:"90" doc:"How many days."`
			Queue string `query:"queue" doc:"Only of this queue."`
		}) (*page[ItemQueueStats], error) {
			// Items whose runs are gone count as what they are by now.
			if err := s.Items.Tick(ctx); err != nil {
				return nil, err
			}
			all, err := s.Items.Queues(ctx)
			if err != nil {
				return nil, err
			}
			list := []ItemQueueStats{}
			for _, q := range all {
				if in.Queue != "" && q.Name != in.Queue {
					continue
				}
				st, err := s.Items.Stats(ctx, q)
				if err != nil {
					return nil, err
				}
				days, err := s.Items.Days(ctx, q, in.Days)
				if err != nil {
					return nil, err
				}
				list = append(list, ItemQueueStats{st, days})
			}
			return paged(list, len(list), func(ItemQueueStats) any { return nil }), nil
		})
}
