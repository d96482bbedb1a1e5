import { brotliCompressSync, gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Resolver } from '../../shared/net/resolve.js';
import { failure, fetched, textAt } from '../support/fetch.js';
import { type Answer, page, startWeb, type Web } from '../support/web.js';

function redirect(to: (web: Web, path: string) => string): { answer: Answer; of: (web: Web) => void } {
  let web: Web | undefined;
  return {
    of: (started) => (web = started),
    answer: ({ url = '' }, response) => {
      response.writeHead(302, { Location: web === undefined ? '/' : to(web, url) });
      response.end();
    },
  };
}

describe('a document', () => {
  it('comes over a verified path, and nothing is said about who asks', async () => {
    const seen = vi.fn<(headers: object) => void>();
    const web = await startWeb((request, response) => {
      seen(request.headers);
      page('hello', { ETag: '"1"', 'Last-Modified': 'yesterday', 'Set-Cookie': 'who=me' })(request, response);
    });
    const document = await fetched(`${web.origin}/list?token=geheim`);
    expect(document).toEqual({
      bytes: Buffer.from('hello'),
      validators: { etag: '"1"', lastModified: 'yesterday' },
    });
    await fetched(`${web.origin}/list?token=geheim`);
    expect(web.asked).toEqual(['/list?token=geheim', '/list?token=geheim']);
    const headers = {
      accept: 'application/json',
      'accept-encoding': 'gzip, br',
      connection: 'close',
      host: `localhost:${web.port}`,
      'user-agent': 'halflight',
    };
    expect(seen.mock.calls).toEqual([[headers], [headers]]);
  });

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
  ] as const)('may be packed with %s', async (encoding, pack) => {
    const web = await startWeb(page(pack('hello'), { 'Content-Encoding': encoding }));
    expect(await textAt(web.origin)).toBe('hello');
  });

  it('is not sent again when it is the known one', async () => {
    const web = await startWeb(({ headers }, response) => {
      const same = headers['if-none-match'] === '"1"' && headers['if-modified-since'] === 'yesterday';
      response.writeHead(same ? 304 : 200);
      response.end(same ? undefined : 'new');
    });
    const known = { etag: '"1"', lastModified: 'yesterday' };
    expect(await textAt(web.origin, { known })).toBe('unchanged');
    expect(await textAt(web.origin, { known: { etag: '"0"' } })).toBe('new');
  });

  it('is asked for without what a server said of it when that is not fit to be said again', async () => {
    const web = await startWeb(page('hello', { ETag: `"${'x'.repeat(200)}"`, 'Last-Modified': '\u00e4' }));
    expect(await fetched(web.origin)).toHaveProperty('validators', {});
  });

  it('may be as large as allowed, and one byte more is too much', async () => {
    const web = await startWeb(({ url }, response) => response.end('x'.repeat(Number(url?.slice(1)))));
    expect(await textAt(`${web.origin}/1000`)).toHaveLength(1000);
    expect(await failure(`${web.origin}/1001`)).toBe(
      'ProtocolError protocol fetch: expected at most 1000 bytes, got more',
    );
  });

  it('comes without encryption from this machine', async () => {
    const web = await startWeb(page('hello'), { certificate: 'none' });
    expect(await textAt(web.origin)).toBe('hello');
  });

  it('comes from the second address of a name when the first is dead', async () => {
    const web = await startWeb(page('hello'));
    const resolver: Resolver = {
      resolve: () => Promise.resolve(['::1', '127.0.0.1']),
      close: () => undefined,
    };
    expect(await textAt(`https://list.example:${web.port}`, { resolver })).toBe('hello');
  });
});

describe('a redirect', () => {
  it('is followed to another path and another server', async () => {
    const end = await startWeb(page('hello'));
    const { answer, of } = redirect((_, path) => (path === '/a' ? 'b?c=d' : `${end.origin}/e`));
    const web = await startWeb(answer);
    of(web);
    expect(await textAt(`${web.origin}/a`)).toBe('hello');
    expect([...web.asked, ...end.asked]).toEqual(['/a', '/b?c=d', '/e']);
  });

  it('is followed five times and not a sixth time', async () => {
    const { answer, of } = redirect((_, path) => `${path}x`);
    const web = await startWeb((request, response) => {
      (request.url === '/xxxxx' ? page('hello') : answer)(request, response);
    });
    of(web);
    expect(await textAt(`${web.origin}/`)).toBe('hello');
    web.change(answer);
    expect(await failure(`${web.origin}/`)).toBe(
      'ProtocolError protocol fetch: expected at most 5 redirects, got more',
    );
    expect(web.asked).toHaveLength(6 + 6);
  });

  it.each([
    'http://localhost:PORT/',
    'http://example.com/',
    'ftp://example.com/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'https://[::bad/',
  ])('is not followed from https to %s', async (place) => {
    const web = await startWeb((_, response) => {
      response.writeHead(301, { Location: place.replace('PORT', String(web.port)) });
      response.end();
    });
    expect(await failure(web.origin)).toBe(
      'ProtocolError protocol fetch: expected a redirect to https://, got another one',
    );
    expect(web.asked).toHaveLength(1);
  });

  it.each(['http://192.0.2.1/', 'ftp://localhost/', '//192.0.2.1/'])(
    'is not followed from http on this machine to %s',
    async (place) => {
      const web = await startWeb(
        (_, response) => {
          response.writeHead(301, { Location: place });
          response.end();
        },
        { certificate: 'none' },
      );
      expect(await failure(web.origin)).toBe(
        'ProtocolError protocol fetch: expected a redirect to https://, got another one',
      );
    },
  );

  it('takes no name and password along to another server', async () => {
    const seen: unknown[] = [];
    const end = await startWeb(({ headers }, response) => {
      seen.push(headers.authorization);
      response.end('hello');
    });
    const web = await startWeb(({ headers }, response) => {
      seen.push(headers.authorization);
      response.writeHead(302, { Location: end.origin });
      response.end();
    });
    expect(await textAt(`https://ann:geheim@localhost:${web.port}/`)).toBe('hello');
    expect(seen).toEqual([`Basic ${Buffer.from('ann:geheim').toString('base64')}`, undefined]);
  });
});

describe('a server that is not who it should be', () => {
  it.each([
    ['expired', 'one that has expired'],
    ['other-host', 'one for another host'],
    ['self-signed', 'one that the server made itself'],
  ] as const)('is not asked: %s', async (certificate, words) => {
    const web = await startWeb(page('hello'), { certificate });
    expect(await failure(web.origin)).toBe(
      `AuthError auth fetch: expected a certificate that this computer trusts, got ${words}`,
    );
    expect(web.asked).toEqual([]);
  });

  it('is not asked when nobody here knows its issuer, whatever a variable says', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const web = await startWeb(page('hello'));
    expect(await failure(web.origin, { ca: undefined })).toBe(
      'AuthError auth fetch: expected a certificate that this computer trusts, ' +
        'got one from an issuer that is not known here',
    );
    expect(web.asked).toEqual([]);
  });

  it('is not asked when it speaks no TLS', async () => {
    const web = await startWeb(page('hello'), { certificate: 'none' });
    expect(await failure(`https://localhost:${web.port}/?token=geheim`)).toMatch(
      /^DialError general-failure fetch: expected an answer, got (?:EPROTO|ERR_SSL_\w+)$/,
    );
    expect(web.asked).toEqual([]);
  });
});
