import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { DialError } from '../../shared/errors.js';
import type { Resolver } from '../../shared/net/resolve.js';
import { failure, fetched } from '../support/fetch.js';
import { deadPort } from '../support/targets.js';
import { page, startWeb } from '../support/web.js';

describe('what is no document', () => {
  it.each([204, 206, 300, 304, 400, 401, 403, 404, 429, 500, 503])('status %i', async (status) => {
    const web = await startWeb((_, response) => {
      response.writeHead(status);
      response.end();
    });
    expect(await failure(`${web.origin}/geheim`)).toBe(
      `ProtocolError protocol fetch: expected status 200, got ${status}`,
    );
  });

  it('an encoding that was not asked for, or several', async () => {
    const web = await startWeb(page(deflateSync('hello'), { 'Content-Encoding': 'deflate' }));
    const words = 'ProtocolError protocol fetch: expected gzip or br, got another encoding';
    expect(await failure(web.origin)).toBe(words);
    web.change(page(gzipSync(gzipSync('hello')), { 'Content-Encoding': 'gzip, gzip' }));
    expect(await failure(web.origin)).toBe(words);
  });

  it.each(['gzip', 'br'])('bytes that are not packed with %s, as they should be', async (encoding) => {
    const web = await startWeb(page('hello, this is no such thing', { 'Content-Encoding': encoding }));
    expect(await failure(web.origin)).toBe(
      'ProtocolError protocol fetch: expected a document as it was packed, got damaged bytes',
    );
  });

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
  ] as const)('a bomb packed with %s, of which no more than allowed is kept', async (encoding, pack) => {
    const bomb = pack(Buffer.alloc(20_000_000));
    const web = await startWeb(page(bomb, { 'Content-Encoding': encoding }));
    expect(await failure(web.origin, { maxBytes: 1_000_000 })).toBe(
      'ProtocolError protocol fetch: expected at most 1000000 bytes, got more',
    );
  });

  it('a body without an end', async () => {
    const web = await startWeb((_, response) => {
      const more = (): void => {
        while (response.writable && response.write('x'.repeat(10_000)));
      };
      response.on('drain', more);
      more();
    });
    expect(await failure(web.origin)).toBe(
      'ProtocolError protocol fetch: expected at most 1000 bytes, got more',
    );
  });
});

describe('what is left when an attempt is over', () => {
  it.each([200, 302, 404])('is no connection, whatever a server goes on saying after %i', async (status) => {
    const closed = vi.fn<() => void>();
    const web = await startWeb((_, response) => {
      response.writeHead(status, status === 302 ? { Location: 'http://elsewhere.example/' } : {});
      response.write('x'.repeat(2000));
      response.on('close', closed);
    });
    expect(await failure(web.origin)).toMatch(/^ProtocolError /);
    await vi.waitUntil(() => closed.mock.calls.length > 0);
  });

  it('is no timer', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const web = await startWeb(page('hello'));
    const before = timers();
    await fetched(web.origin);
    expect(timers()).toBeLessThanOrEqual(before);
  });
});

describe('a server that does not keep to it', () => {
  it('is given up when all of it takes too long, though there is always a little more', async () => {
    const web = await startWeb((_, response) => {
      const drip = setInterval(() => response.write('x'), 5);
      response.on('close', () => {
        clearInterval(drip);
      });
    });
    expect(await failure(web.origin, { deadlineMs: 300 })).toBe(
      'DialError timed-out fetch: expected all of it within 0.3 s, got less',
    );
  });

  it('is given up when it says nothing', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    expect(await failure(`https://localhost:${port}`, { deadlineMs: 100 })).toMatch(/^DialError timed-out /);
  });

  it('is given up when somebody says so, and at once when that was before', async () => {
    const web = await startWeb(() => undefined);
    const stopping = new AbortController();
    const ended = failure(web.origin, { signal: stopping.signal });
    await vi.waitUntil(() => web.asked.length > 0);
    stopping.abort();
    expect(await ended).toMatch(/^StoppedError stopped /);
    expect(await failure(web.origin, { signal: stopping.signal })).toMatch(/^StoppedError stopped /);
    expect(web.asked).toHaveLength(1);
  });

  it('is given up when it breaks off, before its answer or in the middle', async () => {
    const web = await startWeb(({ url }, response) => {
      if (url === '/middle') {
        response.writeHead(200, { 'Content-Length': '100' });
        response.write('x');
        setImmediate(() => response.destroy());
      } else response.destroy();
    });
    for (const path of ['/', '/middle']) {
      expect(await failure(web.origin + path)).toMatch(
        /^DialError general-failure fetch: expected an answer, got E/,
      );
    }
  });

  it('is not there, or has no address', async () => {
    const nobody: Resolver = {
      resolve: () => Promise.reject(new DialError('name-not-resolved', 'name: nobody')),
      close: () => undefined,
    };
    expect(await failure(`https://localhost:${await deadPort()}/geheim`)).toBe(
      'DialError connection-refused fetch: expected an answer, got ECONNREFUSED',
    );
    expect(await failure('https://nobody.invalid/geheim', { resolver: nobody })).toBe(
      'DialError name-not-resolved name: nobody',
    );
  });
});
