import { text } from 'node:stream/consumers';
import { temporaryDirectory } from '../support/directory.js';
import { startPeer } from './programs.js';

/** What a browser without a window needs in a container, and what keeps it from calling home. */
const steady = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-extensions',
  '--disable-sync',
  '--disable-features=OptimizationHints,MediaRouter,Translate',
];

/** The page at `url` as it is when it is complete, in HTML. */
export async function dumpPage(url: string, flags: readonly string[]): Promise<string> {
  const profile = temporaryDirectory();
  const words = [...steady, `--user-data-dir=${profile}`, ...flags, '--dump-dom', url];
  const program = await startPeer('chromium', words, { HOME: profile });
  program.input.end();
  const dumped = await text(program.output);
  await program.ended;
  return dumped;
}
