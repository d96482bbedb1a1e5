/** What the client library's tests have in common. */
import { inspect } from 'node:util';
import { expect } from 'vitest';
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

/** Sockets and timers of this process that keep it running, sorted. */
export function remains(): readonly string[] {
  const kept = /^(TCPSocketWrap|TLSWrap|Timeout|Immediate|UDPWrap|PipeWrap|GetAddrInfoReqWrap|QueryReqWrap)$/;
  return process
    .getActiveResourcesInfo()
    .filter((resource) => kept.test(resource))
    .sort();
}
