import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findMethod, type MethodName } from '../../index.js';
import { hasIdentities } from '../../shared/codec/keys.js';
import { cases, fits } from './matrix/cases.js';
import { implementations } from './matrix/implementations.js';
import { differenceOf, type Implementation, missingOf, type Side, versionOf } from './matrix/peer.js';
import type { Cast } from './matrix/stage.js';
import { intoPage, type Result, type Run, tablesOf } from './matrix/table.js';

const sides: Readonly<Record<Side, string>> = {
  client: 'its client and our remote',
  server: 'our local and its server',
};
/** Long enough for whatever comes at all, ms. */
const deadlineMs = 20_000;
const page = resolve(import.meta.dirname, '../../docs/interop.md');

/** Whether one key is all that is tried with this method, or users with a key each as well. */
function keyings(peer: Implementation, side: Side, method: MethodName): readonly boolean[] {
  const named = hasIdentities(findMethod(method));
  // A client of 2017 has a key, and cannot tell whether others have one as well.
  const shares = named ? peer[side]?.identities === true : side === 'client' && method === 'aes-256-gcm';
  return shares ? [false, true] : [false];
}

/** All that it is tried with on that side, each with its title. */
function castsOf(peer: Implementation, side: Side): readonly (readonly [string, Cast])[] {
  const methods = peer[side]?.methods ?? [];
  return methods.flatMap((method) =>
    keyings(peer, side, method).map((shared) => {
      const title = shared ? `${method}, users with a key each` : method;
      return [title, { peer, side, method, shared }] as const;
    }),
  );
}

const runs: Run[] = implementations.map((peer) => {
  const missing = peer.required === true ? [] : missingOf(peer);
  const results: Result[] = [];
  const title = missing.length === 0 ? peer.name : `${peer.name}, not installed: ${missing.join(', ')}`;
  // Not every reporter names what it skips.
  if (missing.length > 0) console.warn(`skipped: ${title}`);
  const places = Object.keys(sides) as Side[];
  describe.skipIf(missing.length > 0).each(places.map((side) => [sides[side], side] as const))(
    `${title}: %s`,
    (_words, side) => {
      describe.each(castsOf(peer, side))('%s', (_title, cast) => {
        const fitting = cases.filter((one) => fits(one, cast));
        it.each(fitting.map((one) => [one.name, one] as const))(
          '%s',
          async (name, { wants, run }) => {
            const { method, shared } = cast;
            const difference = differenceOf(peer, { side, method, name });
            const { why } = difference ?? {};
            let seen: string | undefined;
            try {
              seen = await run(cast);
            } finally {
              results.push({ side, method, shared, name, seen, wants, ...(why !== undefined && { why }) });
            }
            expect(seen).toBe(difference?.sees ?? wants);
          },
          deadlineMs,
        );
      });
    },
  );
  const { name, remark } = peer;
  const version = missing.length === 0 ? versionOf(peer) : undefined;
  return { name, version, results, ...(remark !== undefined && { remark }) };
});

afterAll(async () => {
  if (process.env['INTEROP_TABLE'] !== 'write') return;
  const names = cases.map(({ name }) => name);
  const tables = tablesOf(runs, names, new Date().toISOString().slice(0, 10));
  await writeFile(page, intoPage(await readFile(page, 'utf8'), tables));
});
