/** Whether something is the filters of a connection: hooks that no compiler has checked answer, too. */
import { ConfigError } from '../errors.js';
import { isLater, kindOf } from './answers.js';
import type { ByteFilter, ConnectionFilters, Direction } from './hook.js';
import { checkNames } from './hook-shape.js';

const directions = { up: true, down: true } as const satisfies Record<Direction, true>;
const parts = { received: true, sent: true, ended: true } as const satisfies Record<keyof ByteFilter, true>;

/** ConfigError for what is neither filters of a connection nor undefined. */
export function checkFilters(filters: unknown): asserts filters is ConnectionFilters | undefined {
  if (filters === undefined) return;
  const checked = objectOf(filters, '{ up, down } or undefined', '');
  checkNames(checked, Object.keys(directions), { where: 'filters', what: 'a direction' });
  for (const direction of Object.keys(directions)) {
    if (checked[direction] === undefined) continue;
    const filter = objectOf(checked[direction], '{ received, sent, ended }', `${direction}: `);
    checkNames(filter, Object.keys(parts), { where: direction, what: 'a part of a filter' });
    for (const part of Object.keys(parts)) {
      if (filter[part] === undefined || typeof filter[part] === 'function') continue;
      throw new ConfigError(`${direction}.${part}: expected a function, got ${kindOf(filter[part])}`);
    }
  }
}

function objectOf(value: unknown, words: string, where: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && !isLater(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw new ConfigError(`${where}expected ${words}, got ${kindOf(value)}`);
}
