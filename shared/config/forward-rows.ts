/** What a config file says of forwards. */
import { resolve } from 'node:path';
import type { MapRow, ValueRow } from './file-rows.js';
import type { ForwardEntry } from './forward-flags.js';
import { collide, parseForwardFrom, parseForwardTo, parseVia } from './forward-places.js';
import type { ForwardPlace } from './forward-rule.js';

/** The path of a unix socket begins where the config file is. */
const resolved =
  (read: (text: string) => ForwardPlace): NonNullable<ValueRow['within']> =>
  (text, directory) => {
    const place = read(text);
    return 'path' in place ? resolve(directory, place.path) : text;
  };

export const viaRow: ValueRow = {
  kind: 'texts',
  orText: true,
  check: (text) => parseVia([text]),
  redact: (text) => parseVia([text])[0]?.name ?? 'direct',
  mayBePlain: true,
};

const entryFields = {
  to: { kind: 'text', check: parseForwardTo, within: resolved(parseForwardTo) },
  via: viaRow,
} as const satisfies Record<Exclude<keyof ForwardEntry, 'from'>, ValueRow>;

/** `{ "8000": "example.com:80", "127.0.0.1:5353/udp": { to: "1.1.1.1:53", via: "socks5://…" } }` */
export const forwardsRow: MapRow = {
  kind: 'map',
  key: {
    field: 'from',
    row: {
      kind: 'text',
      check: parseForwardFrom,
      within: resolved((text) => parseForwardFrom(text).from),
    },
    same: (one, other) => collide(parseForwardFrom(one), parseForwardFrom(other)),
  },
  entry: { kind: 'entries', lead: 'to', bare: true, fields: entryFields },
};
