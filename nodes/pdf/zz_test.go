package pdf
import ("testing";"time";"os";"fmt")
import "github.com/aether-rpa/aether/node/nodetest"
func FuzzZZ(f *testing.F) {
	f.Add([]byte(helloPDF))
	f.Add([]byte(formPDF))
	env := nodetest.Env(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		s:=time.Now()
		write(t, env, "f.pdf", b)
		_, err := nodetest.Run(t, env, "pdf.read_form", params{"file": "f.pdf", "timeout": "2s"})
		if d:=time.Since(s); d>time.Second { os.WriteFile(fmt.Sprintf("/tmp/slow-%d.pdf",len(b)),b,0o644); t.Fatal("slow",d,err) }
	})
}
