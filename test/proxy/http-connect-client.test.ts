import { describe, expect, it } from 'vitest';
import { ConfigError, ProtocolError } from '../../shared/errors.js';
import { connectRequest, requestConnect } from '../../shared/proxy/http-connect-client.js';
import { standing } from '../../shared/proxy/http-basic.js';
import { longestHead } from '../../shared/proxy/http-lines.js';
import { hostileNames, threeFeedings } from '../support/socks.js';

const target = { host: 'example.com', port: 443 };

function told(head: string): ReturnType<typeof threeFeedings<unknown>> {
  return threeFeedings<unknown>(() => requestConnect(target), Buffer.from(head));
}

describe('asking an HTTP proxy for a target', () => {
  it.each([
    ['example.com', 'example.com:443'],
    ['192.0.2.1', '192.0.2.1:443'],
    ['2001:db8::1', '[2001:db8::1]:443'],
  ])('names %s twice, with its port', (host, authority) => {
    const said = Buffer.from(connectRequest({ host, port: 443 })).toString();
    expect(said).toBe(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
  });

  it.each([
    ['alice', 'b:c', 'YWxpY2U6Yjpj'],
    ['ü', '€', 'w7w64oKs'],
    ['token', '', 'dG9rZW46'],
  ])('says who is there, %s, in UTF-8', (user, password, pair) => {
    const said = Buffer.from(connectRequest(target, { user, password })).toString();
    expect(said.split('\r\n')[2]).toBe(`Proxy-Authorization: Basic ${pair}`);
    const known = standing(['Proxy-Authorization', `Basic ${pair}`], (name, word) => {
      return Buffer.from(name).toString() === user && Buffer.from(word).toString() === password;
    });
    expect(known).toBe('known');
  });

  it.each([
    ['a:b', 'secret', 'HTTP user: expected no colon, got one'],
    ['a\r\nX', 'secret', 'HTTP credentials: expected text, got a control character'],
    ['alice', 'secret\x7f', 'HTTP credentials: expected text, got a control character'],
  ])('cannot say credentials such as %o', (user, password, message) => {
    expect(() => requestConnect(target, { user, password })).toThrow(new ConfigError(message));
  });

  it.each(['', ...hostileNames])('cannot ask for %o, whose text might say something else', (host) => {
    expect(() => requestConnect({ host, port: 443 })).toThrow(ConfigError);
  });

  it.each([0, 65_536, 1.5])('cannot ask for the port %d', (port) => {
    expect(() => requestConnect({ ...target, port })).toThrow(ConfigError);
  });
});

describe('the answer of an HTTP proxy', () => {
  it.each([
    ['HTTP/1.1 200 Connection established\r\n\r\n', 200],
    ['HTTP/1.0 299\r\n\r\n', 299],
    ['HTTP/1.1 204 x\nVia: y\n\n', 204],
    ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n', 200],
    [`${'HTTP/1.1 100 x\r\n\r\n'.repeat(3)}HTTP/1.1 200 OK\r\n\r\n`, 200],
    ['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nLink: y\r\n\r\nHTTP/1.1 200 OK\r\n\r\n', 200],
  ])('%o grants, and what follows it is the target', (head, status) => {
    expect(told(head)).toMatchObject({ result: { status, refusal: undefined }, error: undefined });
  });

  it.each([
    ['HTTP/1.1 407 x\r\nProxy-Authenticate: Basic\r\n\r\n', 407, 'not-allowed'],
    ['HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n', 302, 'general-failure'],
    [
      'HTTP/1.1 502 x\r\nProxy-Status: halflight; error=connection_refused\r\n\r\n',
      502,
      'connection-refused',
    ],
    ['HTTP/1.1 102 x\r\n\r\nHTTP/1.1 504 x\r\n\r\n', 504, 'timed-out'],
  ])('%o refuses', (head, status, refusal) => {
    expect(told(head)).toMatchObject({ result: { status, refusal } });
  });

  it.each([
    ['SSH-2.0-x\r\n', 'HTTP reply: expected a status line, got something else'],
    ['HTTP/1.1 101 x\r\n\r\n', 'HTTP reply: expected that of a CONNECT, got 101'],
    [
      `HTTP/1.1 200 x\r\nX: ${'a'.repeat(longestHead)}`,
      'HTTP reply: expected a head of at most 16384 bytes, got more',
    ],
    ['HTTP/1.1 100 x\r\n\r\n'.repeat(4), 'HTTP reply: expected at most 3 interim answers, got more'],
  ])('%.20o… is none', (said, message) => {
    const { error } = told(said);
    expect(error).toEqual(new ProtocolError(message));
  });
});
