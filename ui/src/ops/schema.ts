/** A field of a form, from a property of a JSON Schema. */
export interface FormField {
  name: string;
  kind: 'text' | 'lines' | 'number' | 'integer' | 'flag' | 'choice' | 'date' | 'time' | 'json';
  label: string;
  help?: string;
  required: boolean;
  choices: unknown[];
  initial?: unknown;
}

interface Property {
  type?: string | string[];
  enum?: unknown[];
  title?: string;
  description?: string;
  format?: string;
  default?: unknown;
  maxLength?: number;
}

const isObject = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null && !Array.isArray(v);

function kindOf(p: Property): FormField['kind'] {
  if (Array.isArray(p.enum) && p.enum.length > 0) return 'choice';
  const types = (Array.isArray(p.type) ? p.type : p.type ? [p.type] : []).filter((t) => t !== 'null');
  if (types.length !== 1) return 'json';
  switch (types[0]) {
    case 'string':
      if (p.format === 'date') return 'date';
      if (p.format === 'date-time') return 'time';
      return (p.maxLength ?? 0) > 200 ? 'lines' : 'text';
    case 'number':
      return 'number';
    case 'integer':
      return 'integer';
    case 'boolean':
      return 'flag';
    default:
      return 'json';
  }
}

/** The fields that a form for a schema has; null if the schema says nothing that a form can be made of. */
export function fieldsOf(schema: unknown): FormField[] | null {
  if (!isObject(schema) || !isObject(schema.properties)) return null;
  const required = Array.isArray(schema.required) ? schema.required : [];
  const out = Object.entries(schema.properties).map(([name, raw]): FormField => {
    const p = (isObject(raw) ? raw : {}) as Property;
    return {
      name,
      kind: kindOf(p),
      label: typeof p.title === 'string' && p.title ? p.title : name,
      help: typeof p.description === 'string' ? p.description : undefined,
      required: required.includes(name),
      choices: Array.isArray(p.enum) ? p.enum : [],
      initial: p.default,
    };
  });
  return out.length > 0 ? out : null;
}

/** What a new content begins with. */
export function initial(fields: FormField[] | null): Record<string, unknown> {
  return Object.fromEntries((fields ?? []).filter((f) => f.initial !== undefined).map((f) => [f.name, f.initial]));
}

/** Reads a content that was written as JSON: an object, or why it is none. */
export function readContent(text: string): { content?: Record<string, unknown>; bad?: string } {
  try {
    const v: unknown = JSON.parse(text.trim() === '' ? '{}' : text);
    if (isObject(v)) return { content: v };
    return { bad: 'A content is a JSON object, such as {"name": "Ada"}.' };
  } catch (e) {
    return { bad: `This is no JSON: ${e instanceof Error ? e.message : String(e)}` };
  }
}
