/**
 * Remotes with one user, and the same with two hundred on the same port. The client is the last of them. Everywhere the
 * local speaks the standard wire, in which each conversation is a stream of its own: the remote finds out each time
 * whose it is.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startRust } from './peers.js';
import { cli, freshSecret, missingPrograms, portOf, runCli } from './starting.js';
import type { Tunnel, TunnelKind } from './tunnels.js';

export type CrowdName = 'eih-one' | 'eih-many' | 'tried-one' | 'tried-many' | 'rust-one' | 'rust-many';

export interface CrowdKind extends TunnelKind {
  /** The tunnel with one user that this one is measured against. */
  readonly against?: CrowdName;
}

/** How many users there are where there are many. */
export const crowd = 200;

const identified = '2022-blake3-aes-256-gcm';
const tried = 'aes-256-gcm';

/** Every row of the tables, in the order in which they are printed. */
export const crowds: Readonly<Record<CrowdName, CrowdKind>> = {
  'eih-one': ours(identified, 0),
  'eih-many': { ...ours(identified, crowd), against: 'eih-one' },
  'tried-one': ours(tried, 1),
  'tried-many': { ...ours(tried, crowd), against: 'tried-one' },
  'rust-one': rust(0),
  'rust-many': { ...rust(crowd), against: 'rust-one' },
};

interface Member {
  readonly name: string;
  readonly secret: string;
}

function members(count: number): readonly Member[] {
  return Array.from({ length: count }, (_, at) => ({ name: `user-${at + 1}`, secret: freshSecret() }));
}

function shown(count: number): string {
  return count === 0 ? 'one key' : count === 1 ? '1 user' : `${count} users`;
}

/** What a client is told: with identity headers the key of the remote comes before its own. */
function clientSecret(method: string, secret: string, users: readonly Member[]): string {
  const own = users.at(-1)?.secret;
  if (own === undefined) return secret;
  return method === identified ? `${secret}:${own}` : own;
}

function ours(method: string, count: number): CrowdKind {
  return {
    label: `halflight ${method}, ${shown(count)}`,
    missing: () => (existsSync(cli) ? undefined : 'dist/cli.js is not built'),
    async start(ground): Promise<Tunnel> {
      const secret = freshSecret();
      const users = members(count);
      const file = join(ground.directory, `users-${method}-${count}`);
      const lines = users.map((user) => `${user.name}:${user.secret}\n`);
      if (count > 0) writeFileSync(file, lines.join(''), { mode: 0o600 });
      const listen = ['--json', '-l', '127.0.0.1:0'];
      const asking = count > 0 ? ['--users-file', file] : [];
      const variable = method === identified ? 'HALFLIGHT_KEY' : 'HALFLIGHT_PASSWORD';
      const { near, far } = ground.place;
      const remote = runCli(ground, ['remote', ...listen, '--allow-private', '-m', method, ...asking], {
        side: far,
        variables: { [variable]: secret },
      });
      const theirs = encodeURIComponent(clientSecret(method, secret, users));
      const uri = `ss://${method}:${theirs}@127.0.0.1:${await portOf(remote)}`;
      const local = runCli(ground, ['local', ...listen], { side: near, variables: { HALFLIGHT_URI: uri } });
      const port = await portOf(local);
      return { entry: { way: 'socks5', port, target: ground.target }, halves: [local, remote] };
    },
  };
}

function rust(count: number): CrowdKind {
  return {
    label: `sslocal + ssserver ${identified}, ${shown(count)}`,
    missing: () => missingPrograms('sslocal', 'ssserver'),
    start: (ground) =>
      startRust(
        ground,
        members(count).map(({ name, secret }) => ({ name, password: secret })),
      ),
  };
}
