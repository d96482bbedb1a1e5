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
  /** Whether a key is there and not null. It does not count as asked for. */
  has(name: string): boolean;
  /** How many values the array or the object of a key has, 0 for everything else. It does not count as asked for. */
  size(name: string): number;
  /** The text of a key; undefined when it is missing, null or empty, which other programs take for the same. */
  text(name: string): string | undefined;
  /** The text of a key, as `text`, where a whole number may stand for its digits. */
  scalar(name: string): string | undefined;
  /** The port of a key, 0..65535, as a number or as a string of digits. */
  port(name: string): number | undefined;
  /** The ports of a key, which may be one or an array of them; none when it is missing or null. */
  ports(name: string): readonly number[];
  /** The object of a key. */
  object(name: string): ClassicObject | undefined;
  /** The objects in the array of a key that are not disabled. */
  objects(name: string): readonly ClassicObject[];
  /** A ConfigError at the value of a key, or at the object when there is none. */
  complain(name: string, words: string): ConfigError;
  /** A warning `path:line:column name: …` for each key that nobody asked for. */
  rest(): Iterable<string>;
}

/** The name among `known` that was probably meant by one that is not. */
export function meantBy(name: string, known: readonly string[]): string | undefined {
  return known.includes(name) ? undefined : nearest(name, known, 2);
}

/** The object at `node`. `known` are the names that are worth a hint. */
export function classicObject(file: JsonFile, node: JsonNode, known: readonly string[]): ClassicObject {
  const properties = new Map(propertiesOf(node).map((property) => [property.name, property]));
  const asked = new Set<string>();

  const find = (name: string): JsonNode | undefined => {
    const found = properties.get(name)?.value;
    return found?.type === 'null' ? undefined : found;
  };
  const value = (name: string): JsonNode | undefined => {
    asked.add(name);
    return find(name);
  };
  const complain = (name: string, words: string): ConfigError =>
    file.complain(properties.get(name)?.value ?? node, `${name}: ${words}`);

  const text = (name: string): string | undefined => {
    const found = value(name);
    return found === undefined || found.value === '' ? undefined : readText(file, name, found);
  };
  const portAt = (name: string, found: JsonNode): number => {
    const written = found.type === 'string' || found.type === 'number' ? String(found.value) : '';
    const port = readPort(written);
    if (port !== undefined) return port;
    const got = found.type === 'number' ? written : kindOf(found);
    throw file.complain(found, `${name}: expected a port from 0 to 65535, got ${got}`);
  };

  return {
    node,
    value,
    has: (name) => find(name) !== undefined,
    size: (name) => find(name)?.children?.length ?? 0,
    complain,
    text,
    scalar: (name) => {
      const found = value(name);
      return found?.type === 'number' && Number.isSafeInteger(found.value) ? String(found.value) : text(name);
    },
    port: (name) => {
      const found = value(name);
      return found === undefined ? undefined : portAt(name, found);
    },
    ports: (name) => {
      const found = value(name);
      if (found?.type !== 'array') return found === undefined ? [] : [portAt(name, found)];
      const children = found.children ?? [];
      if (children.length === 0) throw complain(name, 'expected at least one port, got none');
      return children.map((child) => portAt(name, child));
    },
    object: (name) => {
      const found = value(name);
      if (found === undefined || found.type === 'object') return found && classicObject(file, found, known);
      throw complain(name, `expected an object, got ${kindOf(found)}`);
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
    *rest() {
      for (const { name, at } of properties.values()) {
        if (asked.has(name)) continue;
        const near = meantBy(name, known);
        const hint = near === undefined ? '' : ` (did you mean "${near}"?)`;
        yield file.complain(at, `${shownName(name)}: not supported, and ignored${hint}`).message;
      }
    },
  };
}
