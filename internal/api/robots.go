package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/queue"
)

type robotPath struct {
	Name string `path:"name" doc:"Name of the robot."`
}

func (s *Server) robots(a huma.API) {
	handle(s, a, op{right: auth.ReadRobots, method: http.MethodGet, path: "/robots", id: "list-robots", summary: "List the robots by name", tag: "robots"},
		func(ctx context.Context, _ *struct{}) (*page[*queue.Robot], error) {
			list, err := s.Queue.Robots(ctx)
			return paged(list, len(list), func(*queue.Robot) any { return nil }), err
		})
	for verb, paused := range map[string]bool{"pause": true, "resume": false} {
		summary := map[bool]string{true: "Let a robot take no new jobs", false: "Let a paused robot take jobs again"}[paused]
		handle(s, a, op{right: auth.WriteRobots, method: http.MethodPost, path: "/robots/{name}/" + verb, id: verb + "-robot", summary: summary, tag: "robots", status: http.StatusNoContent, errors: []int{http.StatusNotFound}},
			func(ctx context.Context, in *robotPath) (*struct{}, error) {
				return nil, s.Queue.Pause(ctx, in.Name, paused)
			})
	}
	handle(s, a, op{right: auth.WriteRobots, method: http.MethodDelete, path: "/robots/{name}", id: "forget-robot", summary: "Take a robot that is gone off the list", tag: "robots", status: http.StatusNoContent, errors: []int{http.StatusNotFound, http.StatusConflict}},
		func(ctx context.Context, in *robotPath) (*struct{}, error) {
			return nil, s.Queue.ForgetRobot(ctx, in.Name)
		})
}
