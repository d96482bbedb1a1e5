/** What the client library's tests have in common. */
import { inspect } from 'node:util';
import { expect, onTestFinished } from 'vitest';
import type { ProxyChoice, ProxyOptions } from '../../client/choice.js';
import { dialer } from '../../client/dial.js';
import type { ProxyDialer } from '../../client/dialer.js';
import { ProxyError } from '../../client/proxy-error.js';

/** Passwords and keys of the tests: nothing that is thrown may show one. */
const secrets = /Zebra-77|WmVicmEtNzc/;

/** The error of a dial that ought to fail. It shows no secret, wherever one looks. */
export async function failureOfDial(dialled: Promise<unknown>): Promise<ProxyError> {
  const error = await dialled.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ProxyError)) {
    throw new Error('dial: expected a ProxyError, got something else', { cause: error });
  }
  expect(inspect(error, { depth: 10, showHidden: true })).not.toMatch(secrets);
  expect(JSON.stringify(error)).not.toMatch(secrets);
  return error;
}

/** Counts what keeps this process running: sockets and timers, by their kind. */
export type Remains = Readonly<Record<string, number>>;

export function remains(): Remains {
  const kept = /^(TCPSocketWrap|TLSWrap|Timeout|UDPWrap|GetAddrInfoReqWrap|QueryReqWrap)$/;
  const found = process.getActiveResourcesInfo().filter((resource) => kept.test(resource));
  return Object.fromEntries(found.map((kind) => [kind, found.filter((other) => other === kind).length]));
}

/** Settles when there is nothing of what was not there `before`. */
export async function expectNothingLeft(before: Remains): Promise<void> {
  const more = (): string[] =>
    Object.keys(remains()).filter((kind) => (remains()[kind] ?? 0) > (before[kind] ?? 0));
  await expect.poll(more, { timeout: 10_000 }).toEqual([]);
}

/** A dialer that is closed when the test is over. */
export function dialerForTest(choice: ProxyChoice, options: ProxyOptions = {}): ProxyDialer {
  const made = dialer(choice, options);
  onTestFinished(() => made.close());
  return made;
}
