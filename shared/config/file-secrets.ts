/** Which settings others must not read. */
import type { ValueRow } from './file-rows.js';
import { type FileSettings, settingRow } from './file-schema.js';

/** Whether there is anything among these settings that others must not read. */
export function holdsSecret(settings: FileSettings): boolean {
  return Object.entries(settings).some(([name, value]: readonly [string, unknown]) => {
    const row = settingRow(name);
    if (row === undefined) return false;
    if (row.kind === 'entries') return Object.values(row.fields).some(hides);
    if (row.kind !== 'map') return isSecret(row, value);
    const entries = [value].flat() as readonly Readonly<Record<string, unknown>>[];
    return entries.some((entry) =>
      Object.entries(row.entry.fields).some(([field, each]) => isSecret(each, entry[field])),
    );
  });
}

function hides({ redact }: ValueRow): boolean {
  return redact !== undefined;
}

function isSecret({ redact, mayBePlain }: ValueRow, value: unknown): boolean {
  if (redact === undefined || value === undefined) return false;
  return (
    mayBePlain !== true || [value].flat().some((text) => typeof text !== 'string' || redact(text) !== text)
  );
}
