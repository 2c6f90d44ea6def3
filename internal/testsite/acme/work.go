package acme

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// workOrder compares work items by a column of the list.
var workOrder = map[string]func(a, b *workItem) int{
	"id":       func(a, b *workItem) int { return cmp.Compare(a.ID, b.ID) },
	"type":     func(a, b *workItem) int { return cmp.Compare(a.Type, b.Type) },
	"client":   func(a, b *workItem) int { return cmp.Compare(a.Client, b.Client) },
	"amount":   func(a, b *workItem) int { return cmp.Compare(a.Cents, b.Cents) },
	"due":      func(a, b *workItem) int { return cmp.Compare(a.Values["due"], b.Values["due"]) },
	"status":   func(a, b *workItem) int { return cmp.Compare(a.Values["status"], b.Values["status"]) },
	"priority": func(a, b *workItem) int { return cmp.Compare(rank(a), rank(b)) },
}

func rank(i *workItem) int { return slices.Index(priorities, i.Values["priority"]) }

// workHeads are the columns of the list in their order.
var workHeads = [][2]string{{"id", "Item"}, {"type", "Type"}, {"client", "Client"}, {"amount", "Amount"}, {"due", "Due"}, {"priority", "Priority"}, {"status", "Status"}}

// head is a column's title, a link that sorts by it.
type head struct {
	Key, Label, Link string
	Sorted           string // "ascending", "descending" or "none"
}

// workQuery returns copies of the items that the list's query asks for, sorted.
func (o *office) workQuery(q url.Values) []workItem {
	o.mu.Lock()
	defer o.mu.Unlock()
	var found []*workItem
	text := strings.ToLower(strings.TrimSpace(q.Get("q")))
	for _, i := range o.items {
		all := strings.ToLower(i.ID + " " + i.Type + " " + i.Client + " " + i.Amount())
		if (text == "" || strings.Contains(all, text)) && (q.Get("status") == "" || q.Get("status") == i.Values["status"]) &&
			(q.Get("type") == "" || q.Get("type") == i.Type) {
			found = append(found, i)
		}
	}
	if order, ok := workOrder[q.Get("sort")]; ok {
		slices.SortStableFunc(found, order)
		if q.Get("dir") == "desc" {
			slices.Reverse(found)
		}
	}
	out := make([]workItem, len(found))
	for n, i := range found {
		out[n] = *i
		out[n].Values = maps.Clone(i.Values)
	}
	return out
}

func (o *office) workList(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	found := o.workQuery(q)
	size := 10
	if n, err := strconv.Atoi(q.Get("size")); err == nil && n > 0 {
		size = min(n, 100)
	}
	pages := max(1, (len(found)+size-1)/size)
	at := 1
	if n, err := strconv.Atoi(q.Get("page")); err == nil {
		at = min(max(n, 1), pages)
	}
	link := func(change map[string]string) string {
		c := url.Values{}
		for _, name := range []string{"q", "status", "type", "sort", "dir", "size", "page"} {
			if v, ok := change[name]; ok {
				c.Set(name, v)
			} else if v := q.Get(name); v != "" {
				c.Set(name, v)
			}
		}
		return o.cfg.Prefix + "/work?" + c.Encode()
	}
	var heads []head
	for _, h := range workHeads {
		one, dir := head{Key: h[0], Label: h[1], Sorted: "none"}, "asc"
		if q.Get("sort") == h[0] {
			if one.Sorted = "ascending"; q.Get("dir") == "desc" {
				one.Sorted = "descending"
			} else {
				dir = "desc"
			}
		}
		one.Link = link(map[string]string{"sort": h[0], "dir": dir, "page": "1"})
		heads = append(heads, one)
	}
	type pageLink struct {
		N    int
		Link string
		Here bool
	}
	var links []pageLink
	for n := max(1, at-2); n <= min(pages, max(at+2, 5)); n++ {
		links = append(links, pageLink{N: n, Link: link(map[string]string{"page": strconv.Itoa(n)}), Here: n == at})
	}
	data := map[string]any{
		"Rows": found[min((at-1)*size, len(found)):min(at*size, len(found))], "Total": len(found), "Page": at, "Pages": pages, "Size": size,
		"Heads": heads, "Links": links, "Query": map[string]string{"q": q.Get("q"), "status": q.Get("status"), "type": q.Get("type"), "sort": q.Get("sort"), "dir": q.Get("dir")},
		"States": workStates, "Types": workTypes, "People": people, "Sizes": []int{10, 25, 50},
		"First": (at-1)*size + 1, "Last": min(at*size, len(found)), "Here": strings.TrimPrefix(link(nil), o.cfg.Prefix),
	}
	if at > 1 {
		data["Prev"] = link(map[string]string{"page": strconv.Itoa(at - 1)})
	}
	if at < pages {
		data["Next"] = link(map[string]string{"page": strconv.Itoa(at + 1)})
	}
	o.show(w, r, http.StatusOK, "work", view{Title: "Work list", Section: "/work", Script: "work.js", Data: data})
}

// item returns a copy of a work item, or answers that there is none.
func (o *office) item(w http.ResponseWriter, r *http.Request) (workItem, bool) {
	o.mu.Lock()
	var found workItem
	for _, i := range o.items {
		if i.ID == r.PathValue("id") {
			found = *i
			found.Values = maps.Clone(i.Values)
		}
	}
	o.mu.Unlock()
	if found.ID == "" {
		o.problem(w, r, http.StatusNotFound, "There is no such work item", "The office has no work item "+r.PathValue("id")+".")
	}
	return found, found.ID != ""
}

func (o *office) showWork(w http.ResponseWriter, r *http.Request, item workItem, values, wrong map[string]string) {
	status := http.StatusOK
	if len(wrong) > 0 {
		status = http.StatusUnprocessableEntity
	}
	back := r.FormValue("back")
	if back != "" {
		back = safeNext(back)
	}
	o.show(w, r, status, "item", view{Title: "Work item " + item.ID, Section: "/work", Script: "record.js", Data: map[string]any{
		"Item": item, "Fields": entries("work", workFields, values, wrong), "Wrong": len(wrong), "Back": back,
	}})
}

func (o *office) workForm(w http.ResponseWriter, r *http.Request) {
	if item, ok := o.item(w, r); ok {
		o.showWork(w, r, item, item.Values, nil)
	}
}

func (o *office) workUpdate(w http.ResponseWriter, r *http.Request) {
	item, ok := o.item(w, r)
	if !ok || !o.form(w, r) {
		return
	}
	values := received(r, workFields)
	wrong := check(workFields, values)
	if wrong["status"] == "" && (values["status"] == "Done" || values["status"] == "Rejected") && strings.TrimSpace(values["note"]) == "" {
		wrong["note"] = fmt.Sprintf("Say in a note why the item is %s.", strings.ToLower(values["status"]))
	}
	if len(wrong) > 0 {
		o.showWork(w, r, item, values, wrong)
		return
	}
	o.setWork(item.ID, values)
	o.cfg.Ledger.Add("workitem.update", item.ID, facts(r, "back"))
	to := "/work"
	if back := r.PostFormValue("back"); back != "" {
		to = safeNext(back)
	}
	o.leave(w, r, to, item.ID+" was saved")
}

// setWork changes values of a work item and reports whether it is there.
func (o *office) setWork(id string, values map[string]string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, i := range o.items {
		if i.ID == id {
			maps.Copy(i.Values, values)
			return true
		}
	}
	return false
}

// workAssign gives all ticked items to one person: one effect for each item.
func (o *office) workAssign(w http.ResponseWriter, r *http.Request) {
	if !o.form(w, r) {
		return
	}
	who, ids := r.PostFormValue("assignee"), r.PostForm["item"]
	if !slices.Contains(people, who) || len(ids) == 0 {
		o.problem(w, r, http.StatusUnprocessableEntity, "Nothing was assigned", "Tick at least one item and choose who is to have them.")
		return
	}
	n := 0
	for _, id := range ids {
		if o.setWork(id, map[string]string{"assignee": who}) {
			o.cfg.Ledger.Add("workitem.assign", id, map[string]string{"assignee": who})
			n++
		}
	}
	o.leave(w, r, safeNext(cmp.Or(r.PostFormValue("back"), "/work")), fmt.Sprintf("%d items were given to %s", n, who))
}

func (o *office) workPrint(w http.ResponseWriter, r *http.Request) {
	if item, ok := o.item(w, r); ok {
		o.cfg.Ledger.Add("workitem.print", item.ID, nil)
		o.show(w, r, http.StatusOK, "print", view{Title: "Print " + item.ID, Bare: true, Data: item})
	}
}
