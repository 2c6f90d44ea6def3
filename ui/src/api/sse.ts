/** One server-sent event. */
export interface Sent {
  id: string;
  kind: string;
  data: string;
}

const wait = [500, 1000, 2000, 5000];

function read(block: string): Sent {
  const e: Sent = { id: '', kind: '', data: '' };
  for (const line of block.split('\n')) {
    if (line.startsWith('id: ')) e.id = line.slice(4);
    else if (line.startsWith('event: ')) e.kind = line.slice(7);
    else if (line.startsWith('data: ')) e.data += line.slice(6);
  }
  return e;
}

/**
 * Follows server-sent events until the signal stops it, through lost connections: it goes on behind the last event that
 * had an id. take says false to end it.
 */
export async function follow(url: string, signal: AbortSignal, take: (e: Sent) => boolean | undefined, resume = true) {
  let last = '';
  for (let tries = 0; !signal.aborted; tries++) {
    try {
      const headers: Record<string, string> = { Accept: 'text/event-stream' };
      if (last && resume) headers['Last-Event-ID'] = last;
      const res = await fetch(url, { headers, signal });
      if (res.status === 401 || res.status === 403 || res.status === 404) return;
      if (!res.ok || !res.body) throw new Error(String(res.status));
      tries = 0;
      const reader = res.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = '';
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        text += value;
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) {
          const e = read(block);
          if (e.id) last = e.id;
          if (take(e) === false) {
            await reader.cancel();
            return;
          }
        }
      }
    } catch {
      if (signal.aborted) return;
    }
    await new Promise((f) => window.setTimeout(f, wait[Math.min(tries, wait.length - 1)]));
  }
}
