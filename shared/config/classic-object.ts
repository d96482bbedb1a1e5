/** An object in a classic file, which remembers what nobody asked for. */
import type { ConfigError } from '../errors.js';
import { nearest } from '../nearest.js';
import { type JsonFile, kindOf, propertiesOf, shownName } from './file-text.js';
import { readText } from './file-values.js';
import { readPort } from './host-port.js';
import type { JsonNode } from './json5.js';

export interface ClassicObject {
  readonly node: JsonNode;
  /** The value of a key, undefined when the key is missing or null. The key counts as asked for. */
  value(name: string): JsonNode | undefined;
  /** The text of a key; undefined when it is missing, null or empty, which other programs take for the same. */
  text(name: string): string | undefined;
  /** The port of a key, 0..65535, as a number or as a string of digits. */
  port(name: string): number | undefined;
  /** The objects in the array of a key that are not disabled. */
  objects(name: string): readonly ClassicObject[];
  /** A ConfigError at the value of a key, or at the object when there is none. */
  complain(name: string, words: string): ConfigError;
  /** A warning `path:line:column name: …` for each key that nobody asked for. */
  rest(): readonly string[];
}

/** The object at `node`. `known` are the names that are worth a hint. */
export function classicObject(file: JsonFile, node: JsonNode, known: readonly string[]): ClassicObject {
  const properties = new Map(propertiesOf(node).map((property) => [property.name, property]));
  const asked = new Set<string>();

  const value = (name: string): JsonNode | undefined => {
    asked.add(name);
    const found = properties.get(name)?.value;
    return found?.type === 'null' ? undefined : found;
  };
  const complain = (name: string, words: string): ConfigError =>
    file.complain(properties.get(name)?.value ?? node, `${name}: ${words}`);

  return {
    node,
    value,
    complain,
    text: (name) => {
      const found = value(name);
      return found === undefined || found.value === '' ? undefined : readText(file, name, found);
    },
    port: (name) => {
      const found = value(name);
      if (found === undefined) return undefined;
      const text = found.type === 'string' || found.type === 'number' ? String(found.value) : '';
      const port = readPort(text);
      if (port !== undefined) return port;
      if (found.type === 'array')
        throw complain(name, 'expected one port, got an array: several are not supported yet');
      throw complain(
        name,
        `expected a port from 0 to 65535, got ${found.type === 'number' ? text : kindOf(found)}`,
      );
    },
    objects: (name) => {
      const found = value(name);
      if (found === undefined) return [];
      if (found.type !== 'array') throw complain(name, `expected an array of objects, got ${kindOf(found)}`);
      return (found.children ?? [])
        .map((child) => {
          if (child.type === 'object') return classicObject(file, child, known);
          throw file.complain(child, `${name}: expected an object, got ${kindOf(child)}`);
        })
        .filter((child) => child.value('disabled')?.value !== true);
    },
    rest: () =>
      Array.from(properties.values())
        .filter(({ name }) => !asked.has(name))
        .map(({ name, at }) => {
          const near = known.includes(name) ? undefined : nearest(name, known, 2);
          const hint = near === undefined ? '' : ` (did you mean "${near}"?)`;
          return file.complain(at, `${shownName(name)}: not supported, and ignored${hint}`).message;
        }),
  };
}
