/** The informer: a line for each event (docs/hooks.md). */
import { jsonLine } from '../observe/escape.js';
import type { Hook, HookEvent, Observers } from './hook.js';
import { compactLine, wideLine } from './informer-lines.js';

/** How a line reads. */
export type InformerForm = 'compact' | 'wide' | 'json';

export interface InformerSettings {
  readonly form: InformerForm;
  readonly color: boolean;
  /** Receives each line without its line end. */
  readonly write: (line: string) => void;
}

const forms = {
  compact: compactLine,
  wide: wideLine,
  json: jsonLine,
} as const satisfies Record<InformerForm, (event: HookEvent, color: boolean) => string>;

/** A hook that observes everything and changes nothing. Of ticks it tells those since whose last one anything moved. */
export function informerHook({ form, color, write }: InformerSettings): Hook {
  const lineOf: (event: HookEvent, color: boolean) => string = forms[form];
  const tell = (event: HookEvent): void => {
    write(lineOf(event, color));
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
