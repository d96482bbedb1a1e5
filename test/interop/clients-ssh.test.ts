import { describe, expect, it } from 'vitest';
import { content, digest } from './content.js';
import { askingDoors, doors, password, startDoor, user } from './doors.js';
import { pathWithHalflight, startRemote } from './halves.js';
import { freePort } from './listening.js';
import { outcomeOf, type Outcome } from './outcome.js';
import { startPeer } from './programs.js';
import { type Sshd, startSshd } from './sshd.js';

interface Session {
  readonly sshd: Sshd;
  /** The ProxyCommand. */
  readonly way: string;
  readonly variables?: NodeJS.ProcessEnv;
}

/** Runs a command on the server; `upload` is its standard input. */
async function ssh(
  { sshd, way, variables }: Session,
  words: readonly string[],
  upload: Iterable<Uint8Array> = [],
): Promise<Outcome> {
  const proxied = [...sshd.words, '-o', `ProxyCommand=${way}`, sshd.destination, ...words];
  const found = { PATH: await pathWithHalflight(), SHELL: '/bin/sh', ...variables };
  return outcomeOf(await startPeer('ssh', proxied, found), upload);
}

const said = (text: string): Uint8Array[] => [Buffer.from(text)];
const length = 8_000_000;

describe.each(Object.entries(doors))('ssh by halflight connect over %s', (_name, startDoor) => {
  it('runs a command, and hears its output and how it ended', async () => {
    const way = `halflight connect --proxy ${(await startDoor()).port} %h %p`;
    const outcome = await ssh({ sshd: await startSshd(), way }, ['echo far; echo off >&2; exit 7']);
    expect(outcome).toEqual({ exitCode: 7, complaint: 'off', answer: await digest(said('far\n')) });
  });

  it('carries 8 MB there and back at the same time', async () => {
    const way = `halflight connect --proxy ${(await startDoor()).port} %h %p`;
    const outcome = await ssh({ sshd: await startSshd(), way }, ['cat'], content(length, 1));
    expect(outcome).toEqual({ exitCode: 0, complaint: '', answer: await digest(content(length, 1)) });
  });
});

it('ssh by halflight connect needs no local when it has the URI of a remote', async () => {
  const remote = await startRemote(['--allow-private']);
  const sshd = await startSshd();
  const session = { sshd, way: 'halflight connect %h %p', variables: { HALFLIGHT_URI: remote.uri } };
  const outcome = await ssh(session, ['cat'], content(length, 2));
  expect(outcome).toEqual({ exitCode: 0, complaint: '', answer: await digest(content(length, 2)) });
});

describe.each(Object.entries(askingDoors))('ssh by halflight connect at %s', (_name, startDoor) => {
  it('comes in with its password', async () => {
    const way = `halflight connect --proxy ${(await startDoor()).port} %h %p`;
    const variables = { HALFLIGHT_AUTH: `${user}:${password}` };
    const outcome = await ssh({ sshd: await startSshd(), way, variables }, ['echo', 'in']);
    expect(outcome).toEqual({ exitCode: 0, complaint: '', answer: await digest(said('in\n')) });
  });

  it('hears that it may not come in without', async () => {
    const way = `halflight connect --proxy ${(await startDoor()).port} %h %p`;
    const { exitCode, complaint, answer } = await ssh({ sshd: await startSshd(), way }, ['echo', 'in']);
    expect({ exitCode, bytes: answer.bytes }).toEqual({ exitCode: 255, bytes: 0 });
    expect(complaint).toMatch(
      /^halflight: 127\.0\.0\.1:\d+: local \S+ asks for a password: set HALFLIGHT_AUTH/,
    );
  });
});

it('ssh shows why when nobody listens at the far end', async () => {
  const way = `halflight connect --proxy ${(await startDoor()).port} %h %p`;
  const { words, destination } = await startSshd();
  // To ssh the first of two counts.
  const sshd = { words: ['-o', `Port=${await freePort()}`, ...words], destination };
  const { exitCode, complaint } = await ssh({ sshd, way }, ['true']);
  expect(exitCode).toBe(255);
  expect(complaint).toMatch(/^halflight: 127\.0\.0\.1:\d+: .*refused/);
});
