/** A web server behind both halves, and a dialer that leads there. */
import type http from 'node:http';
import type https from 'node:https';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { dialer } from '../../client/dial.js';
import type { ProxyDialer } from '../../client/dialer.js';
import { type RunningRemote, startTunnel } from './tunnel.js';
import { authority, startWeb, type Web, type WebOptions } from './web.js';

export interface Surroundings {
  readonly web: Web;
  readonly through: ProxyDialer;
  readonly remote: RunningRemote;
  /** Requests that the remote has carried out. */
  readonly granted: () => number;
}

/** A web server, and a dialer that leads to it through both halves. */
export async function surroundings(options: WebOptions): Promise<Surroundings> {
  const web = await startWeb((request, response) => {
    response.end(`this is ${request.url ?? ''}`);
  }, options);
  const { remote, local } = await startTunnel();
  const through = dialer(`socks5://127.0.0.1:${local.port}`, { tls: { ca: authority } });
  onTestFinished(() => through.close());
  return { web, through, remote, granted: () => remote.seen('granted').length };
}

/** The page at a URL, asked for by Node's own HTTP. */
export function get(
  url: string,
  options: https.RequestOptions,
  kind: typeof http | typeof https,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = kind.get(url, options, (response) => {
      text(response).then(resolve, reject);
    });
    request.on('error', reject);
  });
}
