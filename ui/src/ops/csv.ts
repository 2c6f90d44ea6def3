/** Reads a file as text: UTF-8, or else the code page that spreadsheets of Windows write. */
export function decode(data: ArrayBuffer): { text: string; encoding: string } {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(data), encoding: 'UTF-8' };
  } catch {
    return { text: new TextDecoder('windows-1252').decode(data), encoding: 'Windows-1252' };
  }
}

/** The names of the columns, for the choice of the reference; the server reads the file itself. */
export function columns(text: string, delimiter = ''): string[] {
  const line = text.replace(/^\uFEFF/, '').split(/\r?\n/, 1)[0] ?? '';
  const by = delimiter || [',', ';', '\t', '|'].reduce((best, d) => (line.split(d).length > line.split(best).length ? d : best), ',');
  const out: string[] = [];
  let cell = '';
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const c = line[i];
    if (c === '"' && quoted && line[i + 1] === '"') {
      cell += '"';
      i++;
    } else if (c === '"') quoted = !quoted;
    else if (c === by && !quoted) {
      out.push(cell);
      cell = '';
    } else cell += c;
  }
  return [...out, cell].filter((n) => n.trim() !== '');
}
