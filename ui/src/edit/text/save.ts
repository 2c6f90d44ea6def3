import { api, must } from '../../api/client';
import type { Model } from '../model';

const extension = (text: string) => (text.trimStart().startsWith('{') ? '.json' : '.yaml');

/** The name of the file that a flow is saved as. */
export function fileOf(model: Model, name: string): string {
  const was = model.base.file;
  if (was && was.endsWith('.json') === (extension(model.text()) === '.json')) return was;
  return `${name.replaceAll(/[^\w.-]+/g, '-').replaceAll(/^[.-]+|[.-]+$/g, '') || 'flow'}.flow${extension(model.text())}`;
}

/**
 * Pushes a flow over the version that it was opened from, and nobody else's. What was typed while it was on its way is
 * not saved, and stays.
 */
export async function save(model: Model, name: string | undefined, message: string): Promise<{ name: string }> {
  const text = model.text();
  const own = model.flow().name || name || 'flow';
  const file = fileOf(model, own);
  const known = name !== undefined && own === name && model.base.digest !== '';
  const header = known ? { 'If-Match': `"${model.base.tag ?? model.base.digest}"` } : { 'If-None-Match': '*' as const };
  const info = await must(api.POST('/api/v1/flows', { params: { header }, body: { files: { [file]: model.file() }, main: file, base: model.base.digest || undefined, message: message || undefined } }));
  if (own === name || name === undefined) model.saved({ digest: info.draft, text, tag: info.revision ? `${info.draft}.${info.revision}` : info.draft, file });
  return { name: info.name };
}
