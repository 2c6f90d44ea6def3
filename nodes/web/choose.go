package web

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/selector"
)

func init() {
	node.Register(node.Spec[selectIn, selectOut]{
		Type: "web.select", Title: "Select from list",
		Doc: "Chooses one or several entries of a <select>, and reads back what is chosen. It waits for entries that the page loads late. " +
			"What was chosen before is chosen no more. A list that a page draws itself is no <select>: click it, and then the entry.",
		Effect: node.Idempotent,
		Examples: []node.Example[selectIn, selectOut]{
			{Title: "Choose a country by what the list shows", In: selectIn{At: At{Target: selector.Must("label=Country")}, Options: []string{"Austria"}}, Out: selectOut{Used: Used{Element: `<select> "Country"`, Query: "label=Country"}, Values: []string{"AT"}, Labels: []string{"Austria"}}, DocOnly: needsBrowser},
			{Title: "Choose several by their values", In: selectIn{At: At{Target: selector.Must("name=days")}, Options: []string{"mo", "we"}, By: "value"}, Out: selectOut{Used: Used{Element: `<select name="days">`, Query: "name=days"}, Values: []string{"mo", "we"}, Labels: []string{"Monday", "Wednesday"}}, DocOnly: needsBrowser},
		},
		Check: func(in selectIn) error {
			if len(in.Options) == 0 {
				return errors.New("name at least one of the options")
			}
			return nil
		},
		Run: func(ctx context.Context, env *node.Env, in selectIn) (selectOut, error) {
			by := in.By
			if by == "any" {
				by = ""
			}
			for _, o := range in.Options {
				if n, err := strconv.Atoi(o); by == "index" && (err != nil || n < 0) {
					return selectOut{}, node.Fail(node.KindInput, fmt.Sprintf("%q is no place in a list", o), "places are counted from 0")
				}
			}
			return do(ctx, env, in.healing(), true, func(ctx context.Context, _ *browser.Session, p *browser.Page) (selectOut, error) {
				c, err := p.Select(ctx, in.Target, by, in.Options...)
				out := selectOut{Used: used(c.Done), Values: c.Values, Labels: c.Labels}
				if c.Arrival != nil {
					out.URL = c.Arrival.URL
				}
				return out, err
			})
		},
	})
	box := func(checked bool) checkOut {
		return checkOut{Used: Used{Element: `<input type="checkbox"> "Newsletter"`, Query: "label=Newsletter"}, Checked: checked}
	}
	newsletter := At{Target: selector.Must("label=Newsletter")}
	node.Register(node.Spec[checkIn, checkOut]{
		Type: "web.check", Title: "Check box",
		Doc:    "Checks a check box or switch, or picks a radio button, and sees that it is so. One that is checked already stays as it is. A box that a page draws over a hidden one is pressed by its label.",
		Effect: node.Idempotent,
		Examples: []node.Example[checkIn, checkOut]{
			{Title: "Subscribe", In: checkIn{At: newsletter, Checked: true}, Out: box(true), DocOnly: needsBrowser},
			{Title: "As the data say", In: checkIn{At: newsletter}, Out: box(false), DocOnly: needsBrowser},
		},
		Run: func(ctx context.Context, env *node.Env, in checkIn) (checkOut, error) {
			return check(ctx, env, in.At, in.Checked)
		},
	})
	node.Register(node.Spec[At, checkOut]{
		Type: "web.uncheck", Title: "Uncheck box",
		Doc:      "Takes the check from a check box or switch, and sees that it is so. One that is not checked stays as it is.",
		Effect:   node.Idempotent,
		Examples: []node.Example[At, checkOut]{{Title: "No newsletter", In: newsletter, Out: box(false), DocOnly: needsBrowser}},
		Run:      func(ctx context.Context, env *node.Env, in At) (checkOut, error) { return check(ctx, env, in, false) },
	})
}

func check(ctx context.Context, env *node.Env, at At, want bool) (checkOut, error) {
	return do(ctx, env, at.healing(), true, func(ctx context.Context, _ *browser.Session, p *browser.Page) (checkOut, error) {
		done, err := p.Check(ctx, at.Target, want)
		return checkOut{Used: used(done), Checked: want, Already: done.Already}, err
	})
}

type selectIn struct {
	At
	Options []string `json:"options" is:"required" doc:"What to choose, one or several."`
	By      string   `json:"by" default:"any" enum:"any,label,value,index" doc:"What names the options: what the list shows (label), the value behind it (value), the place from 0 (index), or label and else value (any)."`
}

type selectOut struct {
	Used
	Values []string `json:"values" doc:"Values of what is chosen now."`
	Labels []string `json:"labels" doc:"What the list shows for them."`
	URL    string   `json:"url" doc:"Address of the page that the choice led to, none if the page stayed."`
}

type checkIn struct {
	At
	Checked bool `json:"checked" default:"true" doc:"Whether it shall be checked; false takes the check away."`
}

type checkOut struct {
	Used
	Checked bool `json:"checked" doc:"Whether it is checked now."`
	Already bool `json:"already" doc:"Whether it was so before."`
}
