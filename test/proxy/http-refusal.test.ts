import { describe, expect, it } from 'vitest';
import type { Refusal } from '../../shared/errors.js';
import { answerBytes, httpRefusal, ownPage } from '../../shared/proxy/http-refusal.js';

const target = { host: 'example.com', port: 443 };

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}

describe('a refused CONNECT', () => {
  it.each([
    ['general-failure', '500 Internal Server Error', 'proxy_internal_error'],
    ['not-allowed', '403 Forbidden', 'destination_ip_prohibited'],
    ['network-unreachable', '502 Bad Gateway', 'destination_ip_unroutable'],
    ['host-unreachable', '502 Bad Gateway', 'destination_ip_unroutable'],
    ['name-not-resolved', '502 Bad Gateway', 'dns_error'],
    ['connection-refused', '502 Bad Gateway', 'connection_refused'],
    ['timed-out', '504 Gateway Timeout', 'connection_timeout'],
    ['command-not-supported', '501 Not Implemented', 'http_request_denied'],
    ['address-type-not-supported', '400 Bad Request', 'http_request_error'],
  ] satisfies [Refusal, string, string][])('for %s is a %s', (reason, status, error) => {
    const reply = text(httpRefusal(target, reason));
    expect(reply.startsWith(`HTTP/1.1 ${status}\r\nProxy-Status: halflight; error=${error}\r\n`)).toBe(true);
  });

  it('is a whole answer with a page that names target and reason, and the last one', () => {
    const reply = text(httpRefusal(target, 'connection-refused'));
    const [head = '', page = ''] = reply.split('\r\n\r\n');
    expect(page).toBe(
      [
        '502 Bad Gateway',
        'example.com:443 could not be reached: connection refused.',
        'This page is from halflight, the proxy on the way.\n',
      ].join('\n'),
    );
    expect(head.split('\r\n').slice(2)).toEqual([
      'Content-Type: text/plain; charset=utf-8',
      `Content-Length: ${page.length}`,
      'Cache-Control: no-store',
      'Connection: close',
    ]);
  });
});

describe('a page of our own', () => {
  it('counts its length in bytes', () => {
    const page = text(answerBytes({ ...ownPage(200, ''), body: 'caf\u00e9' }));
    expect(page).toContain('Content-Length: 5\r\n');
    expect(page.endsWith('\r\n\r\ncaf\u00e9')).toBe(true);
  });

  it('blames nobody when nothing went wrong', () => {
    expect(ownPage(404, 'Nothing here.').headers).toEqual([]);
  });
});
