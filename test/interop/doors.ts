/**
 * The ports that clients meet. How the two halves were started decides which of them reads the clients' words, and which
 * asks for credentials.
 */
import { expect, vi } from 'vitest';
import { startLocal, startRemote } from './halves.js';
import type { Site } from './site.js';

export interface Door {
  /** HOST:PORT. */
  readonly port: string;
  /** Fails unless somebody came to the site, and nobody but by a connection that the remote made. */
  expectThrough(site: Site): Promise<void>;
}

/** What the doors that ask want to hear. Nothing in it may be left unescaped in a URL. */
export const user = 'some one';
export const password = 'horse:b@ttery/100%';
/** Both, as a URL has them in front of its host. */
export const login: string = `${encodeURIComponent(user)}:${encodeURIComponent(password)}@`;

const asking = { HALFLIGHT_AUTH: `${user}:${password}` };

/** Doors for everybody. */
export const doors: Readonly<Record<string, () => Promise<Door>>> = {
  'the raw wire': () => startDoor(),
  'the standard wire': () => startDoor({ standard: true }),
};

/** Doors that ask for credentials. */
export const askingDoors: Readonly<Record<string, () => Promise<Door>>> = {
  'a local that asks for credentials': () => startDoor({ local: asking }),
  'a local that asks for credentials, on the standard wire': () =>
    startDoor({ standard: true, local: asking }),
  'a remote that asks for credentials': () => startDoor({ remote: asking }),
};

export interface DoorOptions {
  /** Whether the local is told to take the remote for somebody else's. */
  readonly standard?: boolean;
  /** Environment variables of either half. */
  readonly local?: NodeJS.ProcessEnv;
  readonly remote?: NodeJS.ProcessEnv;
}

/** Starts both halves, on the raw wire and asking for nothing unless told otherwise. */
export async function startDoor({
  standard = false,
  local = {},
  remote = {},
}: DoorOptions = {}): Promise<Door> {
  const far = await startRemote(['--allow-private', '--log-level', 'debug'], { variables: remote });
  const uri = standard ? far.uri.replace(/^halflight:/, 'ss:') : far.uri;
  const near = await startLocal(uri, { variables: local });
  return {
    port: near.listen,
    expectThrough: async (site) => {
      expect(site.peers()).not.toEqual([]);
      // What the remote says comes through a pipe, which may lag behind what it does.
      await vi.waitFor(() => {
        expect(far.dialled()).toEqual(expect.arrayContaining([...site.peers()]));
      });
    },
  };
}
