package api

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"reflect"
)

// Paging holds the parameters of a list.
type Paging struct {
	Cursor string `query:"cursor" doc:"Where the page begins: next of the page before."`
	Limit  int    `query:"limit" default:"50" minimum:"1" maximum:"1000" doc:"How many at most."`
}

// page is a part of a list.
type page[T any] struct {
	Body struct {
		Items []T    `json:"items"`
		Next  string `json:"next,omitempty" doc:"Cursor of the next page; absent on the last."`
	}
}

// answer is a body.
type answer[T any] struct{ Body T }

// encodeCursor makes an opaque text of a place.
func encodeCursor(place any) string {
	b, err := json.Marshal(place)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// decodeCursor reads a place; false means that there is none.
func decodeCursor(text string, place any) (bool, error) {
	if text == "" {
		return false, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(b, place)
	}
	if err != nil || legible(reflect.ValueOf(place), "cursor") != nil {
		return false, &Problem{Kind: "input", Message: "the cursor is none that this server gave", Hint: "leave it out to begin at the start", status: http.StatusUnprocessableEntity}
	}
	return true, nil
}

// paged cuts a list that was read with one more than the limit.
func paged[T any](list []T, limit int, place func(T) any) *page[T] {
	var p page[T]
	if len(list) > limit {
		list = list[:limit]
		p.Body.Next = encodeCursor(place(list[limit-1]))
	}
	if p.Body.Items = list; list == nil {
		p.Body.Items = []T{}
	}
	return &p
}
