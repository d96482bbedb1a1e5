/** The informer: a line for each event (docs/hooks.md). */
import { jsonLine } from '../observe/escape.js';
import type { Hook, HookEvent, Observers } from './hook.js';
import { compactLine, type Look, wideLine } from './informer-lines.js';

/** How a line reads. */
export type InformerForm = 'compact' | 'wide' | 'json';

export interface InformerSettings {
  readonly form: InformerForm;
  readonly color: boolean;
  /** Whether reasons are told to their end, where a compact line is then wider than 100 columns; false by default. */
  readonly whole?: boolean;
  /** Receives each line without its line end. */
  readonly write: (line: string) => void;
}

type LineOf = (event: HookEvent, look: Look) => string;

const forms = {
  compact: compactLine,
  wide: wideLine,
  // Whoever else writes there has events of the same names.
  json: (event) => jsonLine({ hook: 'informer', ...event }),
} as const satisfies Record<InformerForm, LineOf>;

/** A hook that observes everything and changes nothing. Of ticks it tells those since whose last one anything moved. */
export function informerHook({ form, write, ...look }: InformerSettings): Hook {
  const lineOf: LineOf = forms[form];
  const tell = (event: HookEvent): void => {
    write(lineOf(event, look));
  };
  let last = '0 0 0';
  const on: Required<Observers> = {
    started: tell,
    stopped: tell,
    accepted: tell,
    requested: tell,
    dialed: tell,
    'first-byte': tell,
    closed: tell,
    error: tell,
    tick: (tick) => {
      const state = `${tick.open} ${tick.up} ${tick.down}`;
      if (state !== last) tell(tick);
      last = state;
    },
  };
  return { name: 'informer', on };
}
