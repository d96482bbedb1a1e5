import { text } from 'node:stream/consumers';
import { temporaryDirectory } from '../support/directory.js';
import { type Fields, startDevtools } from './devtools.js';
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

export interface Login {
  readonly username: string;
  readonly password: string;
}

/** The same, with somebody in front of it who answers when the proxy asks for a user and a password. */
export async function dumpPageAs(login: Login, url: string, flags: readonly string[]): Promise<string> {
  const profile = temporaryDirectory();
  const browser = await startDevtools([...steady, `--user-data-dir=${profile}`, ...flags], { HOME: profile });
  await browser.openPage();
  // A command that comes too late for its request fails, and the page shows what became of it.
  const tell = (method: string, params: Fields): void => {
    browser.ask(method, params).catch(() => undefined);
  };
  browser.on('Fetch.requestPaused', ({ requestId }) => {
    tell('Fetch.continueRequest', { requestId });
  });
  browser.on('Fetch.authRequired', ({ requestId }) => {
    const authChallengeResponse = { response: 'ProvideCredentials', ...login };
    tell('Fetch.continueWithAuth', { requestId, authChallengeResponse });
  });
  const complete = new Promise((resolve) => {
    browser.on('Page.loadEventFired', resolve);
  });
  await browser.ask('Fetch.enable', { handleAuthRequests: true });
  await browser.ask('Page.enable');
  await browser.ask('Page.navigate', { url });
  await complete;
  const { result } = await browser.ask('Runtime.evaluate', { expression: 'document.body.innerHTML' });
  await browser.close();
  return (result as { readonly value: string }).value;
}
