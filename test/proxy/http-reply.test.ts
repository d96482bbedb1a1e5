import { describe, expect, it } from 'vitest';
import type { Refusal } from '../../shared/errors.js';
import { httpRefusal } from '../../shared/proxy/http-refusal.js';
import { readHttpReply } from '../../shared/proxy/http-reply.js';
import { refusalWords } from '../../shared/proxy/refusal.js';
import { converse } from '../support/handshake.js';
import { threeFeedings } from '../support/socks.js';

const target = { host: 'example.com', port: 443 };

describe('the answer to a CONNECT that was passed on', () => {
  it('is granted by any status of success, and read no further than its head', () => {
    const head = 'HTTP/1.1 200 Connection established\r\n\r\n';
    const { result, rest } = converse(readHttpReply(), [Buffer.from(`${head}early data`)]);
    expect([result?.refusal, String(Buffer.from(result?.bytes ?? [])), String(Buffer.from(rest))]).toEqual([
      undefined,
      head,
      'early data',
    ]);
  });

  // Two words have one error type, and the plainer of the two is what is heard.
  const plainer: Partial<Record<Refusal, Refusal>> = { 'host-unreachable': 'network-unreachable' };
  it.each(Object.keys(refusalWords) as Refusal[])('tells the log why it was refused: %s', (refusal) => {
    const answer = httpRefusal(target, refusal);
    const head = answer.subarray(0, Buffer.from(answer).indexOf('\r\n\r\n') + 4);
    const { result } = threeFeedings(readHttpReply, head);
    expect(result?.refusal).toBe(plainer[refusal] ?? refusal);
    expect(Buffer.from(result?.bytes ?? [])).toEqual(Buffer.from(head));
  });

  it.each([
    ['HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n', 'not-allowed'],
    ['HTTP/1.0 502 \r\n\r\n', 'general-failure'],
    ['HTTP/1.1 502\r\nProxy-Status: elsewhere; error=something_new\r\n\r\n', 'general-failure'],
    ['HTTP/1.1 403 Forbidden\r\n\r\n', 'not-allowed'],
    ['HTTP/1.1 504 Gateway Timeout\r\n\r\n', 'timed-out'],
    ['HTTP/1.1 403 x\r\nProxy-Status: halflight; error=dns_error\r\n\r\n', 'name-not-resolved'],
    [`HTTP/1.1 502 x\r\nX: ${'a'.repeat(20_000)}`, 'general-failure'],
  ])('that says no more is still a refusal', (head, refusal) => {
    expect(converse(readHttpReply(), [Buffer.from(head)]).result?.refusal).toBe(refusal);
  });

  it.each(['SSH-2.0-x\r\n', 'HTTP/2 200\r\n', 'HTTP/1.1 999 x\r\n', 'a'.repeat(17_000)])(
    'is none when it begins otherwise',
    (words) => {
      expect(converse(readHttpReply(), [Buffer.from(words)]).error).toMatchObject({ code: 'protocol' });
    },
  );
});
