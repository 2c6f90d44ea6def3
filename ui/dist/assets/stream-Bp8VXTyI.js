function e(e){let t={id:``,event:``,data:``};for(let n of e.split(`
`))n.startsWith(`id: `)?t.id=n.slice(4):n.startsWith(`event: `)?t.event=n.slice(7):n.startsWith(`data: `)&&(t.data+=n.slice(6));return t}async function t(t,n,r){let i=await fetch(t,{headers:{Accept:`text/event-stream`},signal:n});if(!i.ok||!i.body)return i.status;let a=i.body.pipeThrough(new TextDecoderStream).getReader(),o=``;for(;;){let{value:t,done:n}=await a.read();if(n)return i.status;o+=t;let s=o.split(`

`);o=s.pop()??``;for(let t of s)r(e(t))}}export{t};