/** What `halflight forward` tells the person who started it. Pure text. */
import { escapeControls } from '../observe/escape.js';
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

/** One line for each forward, which of them others reach, and which hooks see what goes through. */
export function forwardPage({ forwards, hooks }: ForwardPage): string[] {
  const wide = Math.max(...forwards.map((each) => placeOf(each).length));
  const open = openToOthers(forwards);
  return [
    `halflight forward listens on ${forwards.length === 1 ? 'one place' : `${forwards.length} places`}:`,
    '',
    ...forwards.map((each) => `  ${placeOf(each).padEnd(wide)} → ${escapeControls(each.to)}${wayOf(each)}`),
    '',
    ...(open.length === 0
      ? []
      : [
          `Whoever reaches ${open.join(', ')} from elsewhere reaches the target, and is asked for nothing.`,
          '',
        ]),
    ...(hooks.length === 0 ? [] : [`Hooks: ${hooks.map(escapeControls).join(', ')}.`, '']),
  ];
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

function placeOf({ listen, transport }: ForwardLine): string {
  return `${escapeControls(listen)}${transport === 'udp' ? '/udp' : ''}`;
}

function wayOf({ via }: ForwardLine): string {
  return via.length === 0 ? '' : ` (via ${via.map(escapeControls).join(', then ')})`;
}
