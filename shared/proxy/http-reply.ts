import type { Refusal } from '../errors.js';
import { ProtocolError } from '../errors.js';
import { type Handshake, read } from './handshake.js';
import type { FarReply } from './request.js';

/** The refusal behind the status of a proxy's answer; every other one is a general failure. */
const refusals: ReadonlyMap<string, Refusal> = new Map<string, Refusal>([
  ['403', 'not-allowed'],
  ['405', 'command-not-supported'],
  ['407', 'not-allowed'],
  ['504', 'timed-out'],
]);

/**
 * The client's side of the answer to a CONNECT, as far as it has to be read to know the outcome; what follows is for
 * the client alone.
 *
 * ```
 * +----------+----+-------------+
 * | HTTP/1.x | SP | status code | …
 * +----------+----+-------------+
 * |    8     | 1  | 3           |
 * +----------+----+-------------+
 * ```
 * @throws ProtocolError when it is no HTTP answer.
 */
export function* readHttpReply(): Handshake<FarReply> {
  const bytes = yield* read(12);
  const status = /^HTTP\/1\.[01] ([1-5]\d\d)$/.exec(String.fromCharCode(...bytes))?.[1];
  if (status === undefined) throw new ProtocolError('HTTP reply: expected a status line, got something else');
  const refusal = status.startsWith('2') ? undefined : (refusals.get(status) ?? 'general-failure');
  return { refusal, bound: { host: '0.0.0.0', port: 0 }, bytes };
}
