/** One block of a stream of server-sent events. */
export interface Sent {
  id: string;
  event: string;
  data: string;
}

/** Reads a block of lines as the server writes them. */
export function block(text: string): Sent {
  const out: Sent = { id: '', event: '', data: '' };
  for (const line of text.split('\n')) {
    if (line.startsWith('id: ')) out.id = line.slice(4);
    else if (line.startsWith('event: ')) out.event = line.slice(7);
    else if (line.startsWith('data: ')) out.data += line.slice(6);
  }
  return out;
}

/** Reads a stream to its end, once; it throws what the connection threw. */
export async function read(path: string, signal: AbortSignal, take: (sent: Sent) => void): Promise<number> {
  const res = await fetch(path, { headers: { Accept: 'text/event-stream' }, signal });
  if (!res.ok || !res.body) return res.status;
  const reader = res.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return res.status;
    text += value;
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const b of blocks) take(block(b));
  }
}
