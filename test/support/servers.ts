/** Several remotes in this process, and a local that knows them all. */
import { vi } from 'vitest';
import type { LocalService } from '../../local/local.js';
import type { ServerChoice } from '../../shared/config/settings.js';
import type { Target } from '../../shared/codec/address.js';
import { startTarget } from './targets.js';
import {
  connectThrough,
  type Half,
  localAmong,
  remoteHalf,
  type RemoteChanges,
  type RunningRemote,
  type UriChanges,
  uriOf,
} from './tunnel.js';

export interface Among {
  readonly remotes: readonly RunningRemote[];
  readonly local: Half<LocalService>;
}

export const cities = ['tokyo', 'osaka', 'kyoto', 'nara'] as const;

/** One server of a list, with the name of its place, and of an order of its own. */
export function choice(
  remote: Pick<RunningRemote, 'port' | 'settings'>,
  place: number,
  changes: UriChanges & Partial<ServerChoice> = {},
): ServerChoice {
  const { order = place, weight = 1, uri, ...others } = changes;
  return { uri: uri ?? uriOf(remote, { tag: cities[place] ?? String(place), ...others }), order, weight };
}

/** So many remotes, the first of which is the best, and a local. */
export async function startAmong(
  count: number,
  changes: {
    readonly remote?: RemoteChanges;
    readonly uri?: UriChanges;
    readonly local?: Parameters<typeof localAmong>[1];
  } = {},
): Promise<Among> {
  const remotes = await Promise.all(Array.from({ length: count }, () => remoteHalf(changes.remote)));
  const servers = remotes.map((remote, place) => choice(remote, place, changes.uri));
  return { remotes, local: await localAmong(servers, changes.local) };
}

/** What a target that echoes says back through the local; rejects when it is not the same. */
export async function echoed({ local }: Pick<Among, 'local'>, echo: Target, text: string): Promise<void> {
  const client = await connectThrough({ local }, echo);
  void client.send(text);
  const heard = (await client.read(text.length)).toString();
  client.end();
  await client.ended();
  if (heard !== text) throw new Error(`echo: expected ${text}, got ${heard}`);
}

/** Settles when `condition` holds, for which a server may have to be asked a few times. */
export function until(condition: () => boolean): Promise<unknown> {
  return vi.waitUntil(condition, { timeout: 20_000 });
}

/** A name server that answers every question over TCP with that it has none (RFC 7766). */
export function nameServer(): ReturnType<typeof startTarget> {
  return startTarget({
    serve: (peer) => {
      void peer.read(19).then(
        (question) => {
          const head = Buffer.from(question.subarray(2, 14));
          head.writeUInt16BE(0x8185, 2);
          const answer = Buffer.concat([head, question.subarray(14)]);
          const length = Buffer.alloc(2);
          length.writeUInt16BE(answer.length);
          void peer.send(Buffer.concat([length, answer]));
        },
        () => undefined,
      );
    },
  });
}
