/** The forwards of a config file, beside each other: each has a place of its own, and leads somewhere else. */
import type { Role } from '../observe/events.js';
import type { FileSettings } from './file-schema.js';
import type { JsonFile } from './file-text.js';
import { entriesOf, type NamedNode, placed } from './file-values.js';
import { readForwardEntry } from './forward-flags.js';
import { forwardFaults, parseVia } from './forward-places.js';
import type { ForwardRule } from './forward-rule.js';
import type { JsonNode } from './json5.js';
import { together } from './together.js';

/** ConfigError `path:line:column forwards PLACE: expected x, got y`, with all others. `node` is what stands behind `forwards`. */
export function checkForwardEntries(
  file: JsonFile,
  node: JsonNode,
  { forwards = [], via, role }: Pick<FileSettings, 'forwards' | 'via'> & { readonly role: Role },
): void {
  const nodes = entriesOf({ name: 'forwards', node });
  const at = (place: number): NamedNode => nodes[place] ?? { name: 'forwards', node };
  const rules: readonly ForwardRule[] = together(
    forwards.map((entry, place) => () => placed(file, at(place), () => readForwardEntry(entry))),
  );
  const around = role === 'forward' ? { way: via === undefined ? [] : parseVia(via) } : {};
  together(
    forwardFaults(rules, around).map(({ at: place, first, detail }) => () => {
      const { name, node: key } = at(place);
      const line = first === undefined ? '' : ` (first in line ${file.line(at(first).node)})`;
      throw file.complain(key, `${name}: ${detail}${line}`);
    }),
  );
}
