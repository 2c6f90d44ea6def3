package pdf
import ("testing";"os";"fmt";"strings";"github.com/aether-rpa/aether/node/nodetest")
func TestZ3(t *testing.T){
 key:=os.Getenv("KEY"); n:=500000
 if os.Getenv("N")!="" {fmt.Sscan(os.Getenv("N"),&n)}
 var objs []string
 objs=append(objs,"<</Type/Catalog/Pages 2 0 R/"+key+" 4 0 R>>","<</Type/Pages/Kids[3 0 R]/Count 1>>","<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>")
 if key=="Outlines" { objs[0]="<</Type/Catalog/Pages 2 0 R/Outlines 4 0 R>>"; objs=append(objs,fmt.Sprintf("<</Type/Outlines/First 5 0 R/Last %d 0 R/Count %d>>",n+4,n))
  for i:=range n { o:=fmt.Sprintf("<</Title(m)/Parent 4 0 R/Dest[3 0 R/Fit]/Prev %d 0 R/Next %d 0 R>>",i+4,i+6); if i==0 {o=strings.Replace(o,"/Prev 4 0 R","",1)}; if i==n-1 {o=strings.Replace(o,fmt.Sprintf("/Next %d 0 R",n+5),"",1)}; objs=append(objs,o)}
 } else if key=="OpenAction" { for i:=range n { objs=append(objs,fmt.Sprintf("<</S/JavaScript/JS(x)/Next %d 0 R>>",i+5)) }; objs=append(objs,"<</S/JavaScript/JS(x)>>")
 } else { for i:=range n { objs=append(objs,fmt.Sprintf("<</%s %d 0 R>>",key,i+5)) }; objs=append(objs,"<<>>") }
 env:=nodetest.Env(t); write(t,env,"f.pdf",document(objs...))
 for _,typ:=range []string{"pdf.optimize","pdf.rotate"} {
 _,err:=nodetest.Run(t,env,typ,params{"file":"f.pdf","to":"o.pdf","timeout":"60s"}) ; t.Logf("%s %.200v",typ,err)}
 if key=="Outlines" {_,err:=nodetest.Run(t,env,"pdf.read_bookmarks",params{"file":"f.pdf","timeout":"60s"}) ; t.Logf("%.200v",err)}
}
