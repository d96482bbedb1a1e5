import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { content, digest } from './content.js';
import { curl, startCurl } from './curl.js';
import { startLocal, startRemote } from './halves.js';
import { startTarget } from './target.js';

/** curl's exit code for a connection that was reset while it read. */
const receiveFailed = 56;

it('a killed remote resets the download, and the local needs no restart when it is back', async () => {
  const target = await startTarget();
  const variables = { HALFLIGHT_KEY: randomBytes(32).toString('base64') };
  const remote = await startRemote(['--allow-private'], { variables });
  const local = await startLocal(remote.uri);

  // Nothing but the end of the connection ends this answer: a clean one would pass for the whole file.
  const endless = ['--http1.0', `http://127.0.0.1:${target.port}/Infinity/1`];
  const download = await startCurl(local.listen, endless);
  await download.begun;
  await remote.kill();
  expect((await download.outcome).exitCode).toBe(receiveFailed);

  await startRemote(['--allow-private'], { variables, listen: remote.listen });
  const next = await curl(local.listen, [`http://127.0.0.1:${target.port}/1000/1`]);
  expect(next).toEqual({ exitCode: 0, complaint: '', answer: await digest(content(1000, 1)) });
});
