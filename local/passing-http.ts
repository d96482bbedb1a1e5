/** The part of passing words on that is HTTP, loaded with the first client that speaks it. */
import { concat } from '../shared/bytes.js';
import { codeOf, type Refusal } from '../shared/errors.js';
import type { Handshake } from '../shared/proxy/handshake.js';
import { fault } from '../shared/proxy/http-head.js';
import { readLine, readRest } from '../shared/proxy/http-lines.js';
import { answerBytes, httpRefusal } from '../shared/proxy/http-refusal.js';
import { httpGranted, readHttpReply } from '../shared/proxy/http-reply.js';
import { readRequestLine } from '../shared/proxy/http-target.js';
import type { Newcomer } from '../shared/serve/inbound.js';
import type { ProxyRequest } from '../shared/serve/serve.js';
import { nothing, type PassingDoor, passOn } from './passing.js';

/**
 * Undefined for a request that is not for the remote; nothing has been taken of it then. A CONNECT goes with its whole
 * head: what comes behind that waits for the remote's answer, and the remote waits for the head.
 */
export async function passHttp(
  door: PassingDoor,
  { driver, signal }: Newcomer,
  left: () => number,
): Promise<ProxyRequest | undefined> {
  const inTime = <T>(part: Handshake<T>): Promise<T> =>
    driver.run(part, left(), { signal }).catch((error: unknown) => {
      if (codeOf(error) === 'silence')
        driver.say(answerBytes(fault(408, 'head: expected all of it in time, got a part')));
      throw error;
    });
  const first = await inTime(readLine());
  const line = readRequestLine(first);
  const connects = line?.method === 'CONNECT';
  const rest = connects ? await inTime(readRest(first)) : undefined;
  const said = rest === undefined ? first : concat([first, rest.bytes]);
  // Its first line is a word of the client's own, which hooks are to see like the rest.
  const seen = door.hooked && !connects;
  const passes = line !== undefined && rest?.whole !== false && (!seen || door.vouched === true);
  if (seen || !passes) driver.putBack(said);
  if (!passes) return undefined;
  const { target } = line;
  const refused = (reason: Refusal): Uint8Array => httpRefusal(target, reason);
  const protocol = 'HTTP';
  if (connects && door.optimistic) {
    return { command: 'connect', protocol, target, granted: () => httpGranted, refused };
  }
  const reply = connects ? readHttpReply : undefined;
  const words = seen ? nothing : said;
  return passOn({ door, driver, target }, { asks: 'connect', protocol, said: words, reply, refused });
}
