package acme

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// job is a report in the making. It is ready once it has been asked for often enough, so that waiting for it needs
// no clock.
type job struct {
	id, month string
	asked     int
}

// jobAsks is how often a report says that it is not ready.
const jobAsks = 3

func (o *office) reports(w http.ResponseWriter, r *http.Request) {
	o.show(w, r, http.StatusOK, "reports", view{Title: "Reports", Section: "/reports", Script: "reports.js",
		Data: []string{"2026-01", "2026-02", "2026-03", "2026-04", "2026-05", "2026-06"}})
}

// attach sends a file to be saved.
func (o *office) attach(w http.ResponseWriter, name, kind string, content []byte) {
	o.cfg.Ledger.Add("report.download", name, map[string]string{"size": fmt.Sprint(len(content))})
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", name))
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(content) // the visitor may have gone
}

// workCSV is the work list, filtered and sorted like the page, whole.
func (o *office) workCSV(w http.ResponseWriter, r *http.Request) {
	var b bytes.Buffer
	out := csv.NewWriter(&b)
	lines := [][]string{{"Item", "Type", "Client", "Amount", "Due", "Priority", "Status"}}
	for _, i := range o.workQuery(r.URL.Query()) {
		lines = append(lines, []string{i.ID, i.Type, i.Client, i.Amount(), i.Values["due"], i.Values["priority"], i.Values["status"]})
	}
	if err := out.WriteAll(lines); err != nil {
		o.problem(w, r, http.StatusInternalServerError, "The file could not be made", err.Error())
		return
	}
	o.attach(w, "work-list.csv", "text/csv; charset=utf-8", b.Bytes())
}

func (o *office) statementPDF(w http.ResponseWriter, _ *http.Request) {
	lines := []string{"Open items by status"}
	counts, sums := map[string]int{}, map[string]int{}
	for _, i := range o.workQuery(nil) {
		counts[i.Values["status"]]++
		sums[i.Values["status"]] += i.Cents
	}
	for _, s := range workStates {
		lines = append(lines, fmt.Sprintf("%-14s %4d items %14s EUR", s, counts[s], money(sums[s])))
	}
	o.attach(w, "statement.pdf", "application/pdf", pdf("Acme statement", lines))
}

// jobStart begins a monthly report. It is made in the background and asked for by its number.
func (o *office) jobStart(w http.ResponseWriter, r *http.Request) {
	if !o.form(w, r) {
		return
	}
	month := r.PostFormValue("month")
	if _, err := time.Parse("2006-01", month); err != nil {
		o.problem(w, r, http.StatusUnprocessableEntity, "No report was begun", "Choose a month like 2026-01.")
		return
	}
	o.mu.Lock()
	j := &job{id: fmt.Sprintf("J-%d", len(o.jobs)+1), month: month}
	o.jobs[j.id] = j
	o.mu.Unlock()
	o.cfg.Ledger.Add("report.request", month, map[string]string{"month": month, "job": j.id})
	writeJSON(w, http.StatusAccepted, map[string]any{"ok": true, "job": j.id, "state": o.cfg.Prefix + "/reports/jobs/" + j.id})
}

func (o *office) jobState(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	j := o.jobs[r.PathValue("id")]
	var asked int
	if j != nil {
		j.asked++
		asked = j.asked
	}
	o.mu.Unlock()
	switch {
	case j == nil:
		writeJSON(w, http.StatusNotFound, map[string]any{"ok": false, "error": "There is no such report."})
	case asked <= jobAsks:
		writeJSON(w, http.StatusOK, map[string]any{"ok": true, "ready": false, "percent": asked * 100 / (jobAsks + 1)})
	default:
		writeJSON(w, http.StatusOK, map[string]any{"ok": true, "ready": true, "percent": 100, "file": o.cfg.Prefix + "/reports/jobs/" + j.id + "/file"})
	}
}

func (o *office) jobFile(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	j := o.jobs[r.PathValue("id")]
	ready := j != nil && j.asked > jobAsks
	o.mu.Unlock()
	if !ready {
		o.problem(w, r, http.StatusNotFound, "The report is not ready", "Ask for its state until it is.")
		return
	}
	var b strings.Builder
	fmt.Fprintln(&b, "Month,Item,Client,Amount")
	for _, i := range o.workQuery(nil) {
		if strings.HasPrefix(i.Made, j.month) {
			fmt.Fprintf(&b, "%s,%s,%s,%s\n", j.month, i.ID, i.Client, i.Amount())
		}
	}
	o.attach(w, "report-"+j.month+".csv", "text/csv; charset=utf-8", []byte(b.String()))
}

// pdf makes a document of one page in Courier, the smallest that readers accept.
func pdf(title string, lines []string) []byte {
	escape := strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`)
	var text strings.Builder
	fmt.Fprintf(&text, "BT /F1 18 Tf 56 780 Td (%s) Tj ET\n", escape.Replace(title))
	for i, line := range lines {
		fmt.Fprintf(&text, "BT /F1 11 Tf 56 %d Td (%s) Tj ET\n", 740-18*i, escape.Replace(line))
	}
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
		fmt.Sprintf("<< /Length %d >>\nstream\n%sendstream", text.Len(), text.String()),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>",
	}
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n")
	at := make([]int, len(objects))
	for i, object := range objects {
		at[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, n := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, xref)
	return b.Bytes()
}
