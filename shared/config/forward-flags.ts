/** From the arguments and flags of `halflight forward`, and the settings of the same names in files, to settings. */
import { underName } from './options.js';
import { UsageError } from './exit.js';
import {
  checkForwards,
  type CheckOptions,
  parseForward,
  parseLocalForward,
  parseVia,
} from './forward-places.js';
import { type ForwardRule, formatPlace, formatSource } from './forward-rule.js';
import type { ForwardSettings } from './settings.js';
import { together } from './together.js';

/** One forward, as text. In a file the first is the name of what the others stand behind. */
export interface ForwardEntry {
  readonly from: string;
  readonly to: string;
  /** The proxies on its way, the nearest first, or `direct`. */
  readonly via?: readonly string[];
}

export interface ForwardFlags {
  readonly forwards?: readonly ForwardEntry[];
  /** The way of those that name none of their own. */
  readonly via?: readonly string[];
}

/**
 * The forwards that a command line names: FROM and TO, and those behind each -L. UsageError for FROM alone, ConfigError for
 * what cannot be read.
 */
export function typedForwards(
  from: string | undefined,
  to: string | undefined,
  locals: readonly string[] = [],
): readonly ForwardEntry[] {
  if (from !== undefined && to === undefined) {
    throw new UsageError(
      'expected FROM and TO, or -L with both, got FROM alone; see halflight forward --help',
    );
  }
  const pair = from === undefined || to === undefined ? [] : [{ from, to }];
  return together([
    ...pair.map((entry) => (): ForwardEntry => {
      parseForward(entry.from, entry.to);
      return entry;
    }),
    ...locals.map((text) => (): ForwardEntry => {
      const rule = parseLocalForward(text);
      return { from: formatSource(rule), to: formatPlace(rule.to) };
    }),
  ]);
}

/** What the flags of `halflight forward` mean. UsageError without a forward, ConfigError for one that cannot be used. */
export function readForwardFlags({ forwards = [], via }: ForwardFlags): ForwardSettings {
  if (forwards.length === 0) {
    throw new UsageError(
      'expected FROM and TO, -L, or forwards in a config file, got none; see halflight forward --help',
    );
  }
  const way = via === undefined ? undefined : parseVia(via);
  const rules = readForwards(forwards, { way: way ?? [] });
  return { forwards: way === undefined ? rules : rules.map((rule) => ({ via: way, ...rule })) };
}

/** What these mean. ConfigError for one that cannot be used, or two that want one place. */
export function readForwards(
  entries: readonly ForwardEntry[],
  options: CheckOptions,
): readonly ForwardRule[] {
  const rules = entries.map(({ from, to, via }): ForwardRule => {
    const rule = readForwardEntry({ from, to });
    if (via === undefined) return rule;
    return underName(`forward ${formatSource(rule)}`, () => readForwardEntry({ from, to, via }));
  });
  checkForwards(rules, options);
  return rules;
}

/** What one means. ConfigError, beginning with what of it cannot be used. */
export function readForwardEntry({ from, to, via }: ForwardEntry): ForwardRule {
  const rule = parseForward(from, to);
  return via === undefined ? rule : { ...rule, via: parseVia(via) };
}
