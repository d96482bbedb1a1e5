import { describe, expect, it } from 'vitest';
import { endToEnd, judgeHead, judgeRequest, type RequestHead } from '../../shared/proxy/http-head.js';

function head(changes: Partial<RequestHead> = {}): RequestHead {
  return {
    method: 'GET',
    url: 'http://example.com/',
    httpVersion: '1.1',
    rawHeaders: ['Host', 'example.com'],
    ...changes,
  };
}

/** The same with more headers behind the Host. */
function withHeaders(...rawHeaders: readonly string[]): RequestHead {
  return head({ rawHeaders: ['Host', 'example.com', ...rawHeaders] });
}

function passed(asked: RequestHead): readonly string[] {
  const judged = judgeRequest(asked);
  if (!('target' in judged)) throw new Error(judged.body);
  return judged.headers;
}

describe('the headers that pass', () => {
  it('keep their order, their case, their bytes and their duplicates', () => {
    const headers = ['X-b', '2', 'x-A', '1', 'X-B', '3', 'Cookie', 'a=\u00e9; b', 'Cookie', 'c'];
    expect(endToEnd(headers)).toEqual(headers);
  });

  it.each([
    'Connection',
    'Keep-Alive',
    'PROXY-CONNECTION',
    'proxy-authorization',
    'Proxy-Authenticate',
    'Proxy-Authentication-Info',
    'TE',
    'Trailer',
    'Transfer-Encoding',
    'Upgrade',
  ])('are without %s', (name) => {
    expect(endToEnd(['A', '1', name, 'x', 'B', '2'])).toEqual(['A', '1', 'B', '2']);
  });

  it('are without those that Connection names, wherever and however it does', () => {
    expect(
      endToEnd(['X-One', '1', 'connection', 'close, x-one', 'X-TWO', '2', 'Connection', ' ,x-Two', 'C', '3']),
    ).toEqual(['C', '3']);
  });

  it('keep the length of the body and the Host, whatever Connection says', () => {
    const headers = ['Host', 'a', 'Content-Length', '5'];
    expect(endToEnd([...headers, 'Connection', 'content-length, host'])).toEqual(headers);
  });
});

describe('a request for a target', () => {
  it('names it in Host, where that stood, and in the path only what is behind it', () => {
    const judged = judgeRequest(
      head({
        url: 'http://Example.com:8080/a?b',
        rawHeaders: ['A', '1', 'hOST', 'else.example', 'B', '2'],
      }),
    );
    expect(judged).toEqual({
      target: { host: 'Example.com', port: 8080 },
      method: 'GET',
      path: '/a?b',
      headers: ['A', '1', 'hOST', 'Example.com:8080', 'B', '2'],
      upgrade: undefined,
      body: false,
    });
  });

  it('gets a Host when it came without one', () => {
    expect(passed(head({ httpVersion: '1.0', rawHeaders: ['A', '1'] }))).toEqual([
      'Host',
      'example.com',
      'A',
      '1',
    ]);
  });

  it.each([
    ['GET', 'http://example.com', '/'],
    ['GET', 'http://example.com?q', '/?q'],
    ['OPTIONS', 'http://example.com', '*'],
    ['OPTIONS', 'http://example.com/', '/'],
    ['OPTIONS', 'http://example.com?q', '/?q'],
  ])('%s %s has the path %s', (method, url, path) => {
    expect(judgeRequest(head({ method, url }))).toHaveProperty('path', path);
  });

  it.each([
    ['GET', [], [], false],
    ['DELETE', [], [], false],
    ['POST', [], ['Content-Length', '0'], false],
    ['PROPFIND', [], ['Content-Length', '0'], false],
    ['POST', ['Content-Length', '0'], ['Content-Length', '0'], false],
    ['POST', ['content-length', '7'], ['content-length', '7'], true],
    ['GET', ['Content-Length', '7'], ['Content-Length', '7'], true],
    ['PUT', ['transfer-encoding', 'CHUNKED'], ['Transfer-Encoding', 'chunked'], true],
  ])('%s with %j has the framing %j', (method, said, sent, body) => {
    const asked = { ...withHeaders(...said), method };
    expect(passed(asked).slice(2)).toEqual(sent);
    expect(judgeRequest(asked)).toHaveProperty('body', body);
  });

  it('goes on in another protocol only when it says so to this hop, too', () => {
    const upgrade = ['Upgrade', 'websocket'];
    const asked = withHeaders('Connection', 'keep-alive, Upgrade', ...upgrade);
    expect(judgeRequest(asked)).toHaveProperty('upgrade', 'websocket');
    expect(passed(asked).slice(2)).toEqual(['Connection', 'Upgrade', 'Upgrade', 'websocket']);
    expect(passed(withHeaders(...upgrade)).slice(2)).toEqual([]);
    expect(passed({ ...asked, httpVersion: '1.0' }).slice(2)).toEqual([]);
  });

  it('loses a hop when it asks for options, and is answered here at the last one', () => {
    const asked = (hops: string): RequestHead => ({
      ...withHeaders('max-forwards', hops),
      method: 'OPTIONS',
    });
    expect(passed(asked('7')).slice(2)).toEqual(['max-forwards', '6']);
    expect(passed(asked('many')).slice(2)).toEqual(['max-forwards', 'many']);
    expect(judgeRequest(asked('0'))).toMatchObject({
      status: 200,
      headers: ['Allow', expect.stringContaining('GET')],
    });
    expect(passed(withHeaders('Max-Forwards', '0')).slice(2)).toEqual(['Max-Forwards', '0']);
  });

  it.each([
    [400, head({ url: 'https://example.com/' })],
    [400, head({ url: 'http://user@example.com/' })],
    [405, head({ method: 'TRACE' })],
    [405, head({ method: 'OPTIONS', url: '*' })],
  ])('is answered %i when it cannot be passed on', (status, asked) => {
    expect(judgeRequest(asked)).toHaveProperty('status', status);
  });

  it('hears which methods there are when its own is not among them', () => {
    expect(judgeRequest(head({ method: 'TRACE' }))).toHaveProperty(
      'headers',
      expect.arrayContaining(['Allow', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, CONNECT']),
    );
  });
});

describe('the head of a request', () => {
  it.each([
    head(),
    head({ httpVersion: '1.0', rawHeaders: [] }),
    withHeaders('Transfer-Encoding', 'Chunked'),
    withHeaders(...Array.from({ length: 99 }, () => ['A', 'b']).flat()),
    head({ rawHeaders: ['Host', ''] }),
  ])('is taken as it is: %j', (asked) => {
    expect(judgeHead(asked)).toBeUndefined();
  });

  it.each([
    [400, 'has no Host', head({ rawHeaders: [] })],
    [400, 'has two of them', withHeaders('host', 'example.com')],
    [400, 'has two of them in HTTP/1.0', { ...withHeaders('host', 'a'), httpVersion: '1.0' }],
    [400, 'is framed twice', withHeaders('Content-Length', '5', 'Transfer-Encoding', 'chunked')],
    [400, 'is chunked in HTTP/1.0', { ...withHeaders('Transfer-Encoding', 'chunked'), httpVersion: '1.0' }],
    [501, 'is chunked twice', withHeaders('Transfer-Encoding', 'chunked', 'Transfer-Encoding', 'chunked')],
    [501, 'is compressed for the hop', withHeaders('Transfer-Encoding', 'gzip, chunked')],
    [400, 'asks for a tunnel with a body', { ...withHeaders('Content-Length', '0'), method: 'CONNECT' }],
    [400, 'and with chunks', { ...withHeaders('Transfer-Encoding', 'chunked'), method: 'CONNECT' }],
    [431, 'has too many headers', withHeaders(...Array.from({ length: 100 }, () => ['A', 'b']).flat())],
    [505, 'is of another version', head({ httpVersion: '2.0' })],
    [505, 'is of none', head({ httpVersion: '0.9' })],
  ])('is answered %i when it %s', (status, _, asked) => {
    expect(judgeHead(asked)).toHaveProperty('status', status);
  });
});
