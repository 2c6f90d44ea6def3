/** A value as JSON. It is text: nothing in it is ever taken for markup. */
export function Json({ value, label }: { value: unknown; label: string }) {
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
  const long = text.length > 20_000;
  return (
    <pre className="json" tabIndex={0} aria-label={label}>
      {long ? `${text.slice(0, 20_000)}\n… ${text.length - 20_000} more characters` : text}
    </pre>
  );
}
