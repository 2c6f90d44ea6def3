/** Text that was not saved yet, kept by the browser for each flow and offered again. */
const keyOf = (name: string) => `aether.unsaved.${name}`;

export interface Kept {
  text: string;
  /** The version that it was made from. */
  digest: string;
}

export function keptText(name: string): Kept | null {
  try {
    const v: unknown = JSON.parse(localStorage.getItem(keyOf(name)) ?? 'null');
    return v && typeof v === 'object' && 'text' in v && typeof v.text === 'string' && 'digest' in v && typeof v.digest === 'string' ? { text: v.text, digest: v.digest } : null;
  } catch {
    return null;
  }
}

export function keepText(name: string, kept: Kept | null) {
  try {
    if (kept) localStorage.setItem(keyOf(name), JSON.stringify(kept));
    else localStorage.removeItem(keyOf(name));
  } catch {
    // A browser that keeps nothing, or is full, loses what is not saved when the page is left.
  }
}
