/** Git over HTTP: Debian's own `git http-backend`, which is a CGI program (RFC 3875), behind a server of the test. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { expect } from 'vitest';
import { temporaryDirectory } from '../support/directory.js';
import { outcomeOf } from './outcome.js';
import { startPeer } from './programs.js';
import { ownAddress, type Site, startSite } from './site.js';

export interface GitServer extends Site {
  /** Of a repository that anybody may push to; it is empty at first. */
  readonly url: string;
}

const endOfHead = Buffer.from('\r\n\r\n');

/** Starts one on an address of this machine that is not loopback. */
export async function startGitServer(): Promise<GitServer> {
  const root = temporaryDirectory();
  const repository = join(root, 'project.git');
  await git(['init', '--quiet', '--bare', '--initial-branch=main', repository]);
  await git(['-C', repository, 'config', 'http.receivepack', 'true']);
  const site = await startSite((request, response) => {
    // A client that breaks off knows best why.
    answer(root, request, response).catch(() => response.destroy());
  }, ownAddress());
  return { ...site, url: `http://${site.authority}/project.git` };
}

/** Runs git without the settings of who runs the test. */
async function git(words: readonly string[]): Promise<void> {
  const outcome = await outcomeOf(await startPeer('git', words, { GIT_CONFIG_GLOBAL: '/dev/null' }));
  expect(outcome).toMatchObject({ exitCode: 0 });
}

async function answer(root: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, search } = new URL(request.url ?? '', 'http://here');
  const backend = await startPeer('git', ['http-backend'], {
    GIT_PROJECT_ROOT: root,
    GIT_HTTP_EXPORT_ALL: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    REQUEST_METHOD: request.method,
    PATH_INFO: pathname,
    QUERY_STRING: search.slice(1),
    CONTENT_TYPE: request.headers['content-type'],
    CONTENT_LENGTH: request.headers['content-length'],
    HTTP_CONTENT_ENCODING: request.headers['content-encoding'],
    HTTP_GIT_PROTOCOL: request.headers['git-protocol']?.toString(),
    REMOTE_USER: 'anybody',
    REMOTE_ADDR: request.socket.remoteAddress,
  });
  const sent = pipeline(request, backend.input);
  let head = Buffer.alloc(0);
  for await (const piece of backend.output as AsyncIterable<Buffer>) {
    if (response.headersSent) response.write(piece);
    else {
      head = Buffer.concat([head, piece]);
      const end = head.indexOf(endOfHead);
      if (end < 0) continue;
      for (const line of head.toString('latin1', 0, end).split('\r\n')) {
        const [name = '', value = ''] = line.split(': ');
        if (name === 'Status') response.statusCode = Number.parseInt(value);
        else response.setHeader(name, value);
      }
      response.flushHeaders();
      response.write(head.subarray(end + endOfHead.length));
    }
  }
  await sent;
  response.end();
}
