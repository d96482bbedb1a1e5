/** What is told of forwards, and of the hooks that see what goes through, to whoever started them. Pure text. */
import { escapeControls } from '../observe/escape.js';
import type { ForwardRule } from './forward-rule.js';
import { isLoopback, isWildcard } from './listen.js';
import { readService } from './service-address.js';

/** A forward that listens. */
export interface ForwardLine {
  /** Where it really does. */
  readonly listen: string;
  readonly to: string;
  readonly transport: 'tcp' | 'udp';
  /** The names of the proxies on the way, without secrets. */
  readonly via: readonly string[];
}

export interface ForwardPage {
  readonly forwards: readonly ForwardLine[];
  /** The names of those that are in force. */
  readonly hooks: readonly string[];
}

/** What a command that has nothing but forwards prints. */
export function forwardPage(page: ForwardPage): string[] {
  const { length } = page.forwards;
  return [
    `halflight forward listens on ${length === 1 ? 'one place' : `${length} places`}:`,
    '',
    ...forwardLines(page),
  ];
}

/** One line for each forward, which of them others reach, and which hooks see what goes through. */
export function forwardLines({ forwards, hooks }: ForwardPage): string[] {
  const wide = Math.max(...forwards.map((each) => placeOf(each).length));
  const open = openToOthers(forwards).join(', ');
  return [
    ...forwards.map((each) => `  ${placeOf(each).padEnd(wide)} → ${escapeControls(each.to)}${wayOf(each)}`),
    ...(forwards.length === 0 ? [] : ['']),
    ...(open === ''
      ? []
      : [`Whoever reaches ${open} from elsewhere reaches the target, and is asked for nothing.`, '']),
    ...hookLines(hooks),
  ];
}

/** Which hooks see what goes through, if there are any. */
export function hookLines(hooks: readonly string[] = []): string[] {
  return hooks.length === 0 ? [] : [`Hooks: ${hooks.map(escapeControls).join(', ')}.`, ''];
}

/** Of each forward what its rule says of the way: `direct` where others go through something, and it does not. */
export function linesOf(
  forwards: readonly Omit<ForwardLine, 'via'>[],
  rules: readonly ForwardRule[] | undefined,
  { straight }: { readonly straight: boolean },
): readonly ForwardLine[] {
  return forwards.map((forward, at) => {
    const names = rules?.[at]?.via?.map(({ name }) => name);
    return { ...forward, via: names?.length === 0 && !straight ? ['direct'] : (names ?? []) };
  });
}

/** What programs are told of forwards and hooks. */
export function forwardReady({ forwards, hooks }: ForwardPage): object {
  const open = openToOthers(forwards);
  return {
    ...(forwards.length > 0 && {
      forwards: forwards.map(({ via, ...line }) => ({ ...line, ...(via.length > 0 && { via }) })),
    }),
    ...(open.length > 0 && { open }),
    ...(hooks.length > 0 && { hooks }),
  };
}

/** Where those listen that others than this machine reach. The owner of a unix socket has it alone. */
export function openToOthers(forwards: readonly ForwardLine[]): readonly string[] {
  return forwards
    .filter(({ listen }) => {
      if (listen.includes('/')) return false;
      const { host } = readService(listen);
      return isWildcard(host) || !isLoopback(host);
    })
    .map(placeOf);
}

/** Where a forward listens, and for what. */
export function listensAt({ listen, transport }: Pick<ForwardLine, 'listen' | 'transport'>): string {
  return `${listen}${transport === 'udp' ? '/udp' : ''}`;
}

function placeOf(line: ForwardLine): string {
  return escapeControls(listensAt(line));
}

function wayOf({ via }: ForwardLine): string {
  return via.length === 0 ? '' : ` (via ${via.map(escapeControls).join(', then ')})`;
}
