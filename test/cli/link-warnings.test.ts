import { describe, expect, it } from 'vitest';
import { cliStarter } from '../support/cli.js';

const start = cliStarter();

/** What a local with that link logs while it starts. Nobody listens at port 1. */
async function logOf(
  words: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<string> {
  const local = start(['local', '-l', '127.0.0.1:0', ...words], { variables });
  await local.nextLine();
  local.child.kill('SIGTERM');
  const { exitCode, stderr } = await local.ended;
  expect(exitCode).toBe(0);
  return stderr;
}

const password = 'k3R9-zQ7w-Lm2X-v8Tn-B4cJ';
const legacy = `ss://${Buffer.from(`aes-256-gcm:${password}@127.0.0.1:1`).toString('base64')}`;

describe('the log of a local', () => {
  it('says that its link is in an old form, wherever the link came from', async () => {
    const logs = await Promise.all([logOf([legacy]), logOf([], { HALFLIGHT_URI: `'${legacy}'` })]);
    for (const log of logs) {
      expect(log).toContain('the URI is in the form before SIP002');
      expect(log).not.toContain('every connection begins');
      expect(log).not.toContain(password);
    }
  });

  it('says what a prefix costs', async () => {
    const log = await logOf([`ss://aes-256-gcm:${password}@127.0.0.1:1?prefix=POST%20`]);
    expect(log).toContain('every connection begins with the same 5 bytes, which can be looked for as well');
    expect(log).not.toContain('before SIP002');
  });
});
