package acme_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/internal/testsite/acme"
)

// send uploads files, given as names and contents.
func (v *visitor) send(files ...string) *page {
	v.t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	if err := form.WriteField("invoice", "INV-1001"); err != nil {
		v.t.Fatal(err)
	}
	for i := 0; i < len(files); i += 2 {
		part, err := form.CreateFormFile("file", files[i])
		if err != nil {
			v.t.Fatal(err)
		}
		fmt.Fprint(part, files[i+1])
	}
	if err := form.Close(); err != nil {
		v.t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, v.url+"/upload", &b)
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Content-Type", form.FormDataContentType())
	return v.do(r)
}

func TestUpload(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	v := visit(t, acme.Config{}).signIn()
	large := strings.Repeat("0123456789", 1_200_000) // more than is kept in memory
	p := v.send("a b.pdf", "%PDF-1.4", "große.bin", large)
	sum := func(s string) string {
		h := sha256.Sum256([]byte(s))
		return hex.EncodeToString(h[:])
	}
	if p.status != http.StatusOK || !strings.Contains(p.text("upload.done"), sum("%PDF-1.4")) {
		t.Errorf("got %d %q", p.status, p.text("upload.done"))
	}
	v.want("invoice.upload", "a b.pdf|size=8|invoice=INV-1001|sha256="+sum("%PDF-1.4"), "große.bin|size=12000000|sha256="+sum(large))
	if left, err := os.ReadDir(temp); err != nil || len(left) != 0 {
		t.Errorf("uploading leaves %v, %v", left, err)
	}
	if p := v.send(); p.status != http.StatusUnprocessableEntity || p.text("upload.error") != "Choose a file first." {
		t.Errorf("no file gives %d %q", p.status, p.text("upload.error"))
	}
	if p := v.send("full.txt", "x", "empty.txt", ""); p.status != http.StatusUnprocessableEntity || p.text("upload.error") != "The file empty.txt is empty." {
		t.Errorf("an empty file gives %d %q", p.status, p.text("upload.error"))
	}
	if n := len(v.ledger.All("invoice.upload")); n != 2 {
		t.Errorf("what was refused is in the ledger: %d entries", n)
	}
}

func TestPrices(t *testing.T) {
	v := visit(t, acme.Config{}).signIn()
	if p := v.post("/prices/A-103", "field", "price", "value", "12.5"); p.status != http.StatusOK || v.get("/prices").text("prices.price.A-103") != "12.5" {
		t.Errorf("got %d %s", p.status, p.body)
	}
	v.post("/prices/A-103", "field", "unit", "value", "box")
	v.post("/prices/A-104", "field", "stock", "value", "7")
	for _, bad := range [][3]string{{"A-103", "price", "12,5"}, {"A-103", "stock", "-1"}, {"A-103", "unit", "barrel"}, {"A-103", "name", "x"}, {"A-999", "price", "1"}} {
		if p := v.post("/prices/"+bad[0], "field", bad[1], "value", bad[2]); p.status < 400 {
			t.Errorf("%v gives %d", bad, p.status)
		}
	}
	v.want("price.change", "A-103/price|value=12.5", "A-103/unit|value=box", "A-104/stock|value=7")
}

func TestBoard(t *testing.T) {
	v := visit(t, acme.Config{}).signIn()
	v.post("/board/move", "card", "K-11", "to", "Done", "before", "K-13", "way", "html5")
	v.post("/board/move", "card", "K-12", "to", "Done", "way", "pointer")
	v.want("kanban.move", "K-11|from=To do|to=Done|before=K-13|way=html5", "K-12|from=Doing|to=Done|before=|way=pointer")
	done := v.get("/board").text("board.column.Done")
	first, second, last := strings.Index(done, "K-11"), strings.Index(done, "K-13"), strings.Index(done, "K-12")
	if first < 0 || second < first || last < second || last < strings.Index(done, "K-19") {
		t.Errorf("the column is %q", done)
	}
	if p := v.post("/board/move", "card", "K-11", "to", "Nowhere"); p.status != http.StatusUnprocessableEntity {
		t.Errorf("a column that is not there gives %d", p.status)
	}
	if p := v.post("/board/move", "card", "K-99", "to", "Done"); p.status != http.StatusUnprocessableEntity {
		t.Errorf("a card that is not there gives %d", p.status)
	}
	if n := len(v.ledger.All("kanban.move")); n != 2 {
		t.Errorf("what was refused is in the ledger: %d entries", n)
	}
}

func TestOrder(t *testing.T) {
	v := visit(t, acme.Config{}).signIn()
	if p := v.get("/order?step=3"); p.text("order.title") != "What" {
		t.Errorf("whoever jumps ahead is at %q", p.text("order.title"))
	}
	if p := v.post("/order?step=1", "reference", "PO-1", "article", "Desk lamp", "quantity", "0"); p.text("order.quantity.error") == "" {
		t.Errorf("a quantity of 0 is taken")
	}
	v.post("/order?step=1", "reference", "PO-1", "article", "Desk lamp", "quantity", "12")
	v.post("/order?step=2", "receiver", "Ada", "address", "Street 1\nTown", "country", "Spain")
	p := v.post("/order?step=3", "shipping", "Express", "deliver", "2026-08-01", "gift", "yes")
	if p.text("order.title") != "Check and place" || !strings.Contains(p.text("order.summary"), "Street 1 Town") {
		t.Errorf("the last step is %q with %q", p.text("order.title"), p.text("order.summary"))
	}
	if p := v.post("/order?step=4"); p.text("order.agreed.error") == "" {
		t.Errorf("an order is placed without a word that it is right")
	}
	v.want("order.place")
	if p := v.post("/order?step=4", "agreed", "yes"); p.text("toast") != "Order PO-1 was placed" {
		t.Errorf("placing says %q", p.text("toast"))
	}
	v.want("order.place", "PO-1|article=Desk lamp|quantity=12|receiver=Ada|address=Street 1\nTown|country=Spain|shipping=Express|deliver=2026-08-01|gift=yes")
	v.post("/order?step=4", "agreed", "yes")
	if twice := v.ledger.Twice("order.place"); twice["PO-1"] != 2 {
		t.Errorf("placed twice, the ledger has %v", twice)
	}
}

func TestReport(t *testing.T) {
	v := visit(t, acme.Config{}).signIn()
	var begun struct{ Job, State string }
	p := v.post("/reports/jobs", "month", "2026-03")
	if err := json.Unmarshal([]byte(p.body), &begun); err != nil || p.status != http.StatusAccepted {
		t.Fatalf("got %d %s", p.status, p.body)
	}
	v.want("report.request", "2026-03|job="+begun.Job)
	state := strings.TrimPrefix(begun.State, "/acme")
	if p := v.get(state + "/file"); p.status != http.StatusNotFound {
		t.Errorf("a report that is not ready gives %d", p.status)
	}
	var s struct {
		Ready   bool
		Percent int
		File    string
	}
	asked := 0
	for last := -1; !s.Ready; asked++ {
		if err := json.Unmarshal([]byte(v.get(state).body), &s); err != nil || s.Percent <= last {
			t.Fatalf("%v, %d %% after %d %%", err, s.Percent, last)
		}
		last = s.Percent
	}
	if asked != 4 {
		t.Errorf("the report was ready when asked for %d times, want 4", asked)
	}
	p = v.get(strings.TrimPrefix(s.File, "/acme"))
	if !strings.HasPrefix(p.body, "Month,Item,Client,Amount\n2026-03,WI-") {
		t.Errorf("the report begins %.60q", p.body)
	}
	v.want("report.download", fmt.Sprintf("report-2026-03.csv|size=%d", len(p.body)))
	for _, month := range []string{"", "soon", "2026-13", "2026/01"} {
		if p := v.post("/reports/jobs", "month", month); p.status != http.StatusUnprocessableEntity {
			t.Errorf("the month %q gives %d", month, p.status)
		}
	}
	if p := v.get("/reports/jobs/J-99"); p.status != http.StatusNotFound {
		t.Errorf("a job that is not there gives %d", p.status)
	}
}

// TestPDF follows the table of objects, as readers do.
func TestPDF(t *testing.T) {
	v := visit(t, acme.Config{}).signIn()
	p := v.get("/reports/statement.pdf")
	if !strings.HasPrefix(p.body, "%PDF-1.4\n") || !strings.HasSuffix(p.body, "%%EOF\n") {
		t.Fatalf("this is no PDF: %.40q", p.body)
	}
	var xref int
	if _, err := fmt.Sscanf(p.body[strings.LastIndex(p.body, "startxref"):], "startxref\n%d", &xref); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(p.body[xref:], "\n")
	for n := 1; n <= 5; n++ {
		var at int
		if _, err := fmt.Sscanf(lines[n+2], "%d 00000 n", &at); err != nil || !strings.HasPrefix(p.body[at:], fmt.Sprintf("%d 0 obj", n)) {
			t.Errorf("object %d: %v, at %d stands %.20q", n, err, at, p.body[at:])
		}
	}
	if !strings.Contains(p.body, "(In progress") {
		t.Errorf("the statement has no line for what is in progress")
	}
}
