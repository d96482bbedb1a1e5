import { describe, expect, it } from 'vitest';
import { firstPacket } from '../../cli/first-packet.js';
import { reservedTarget } from '../../shared/codec/address.js';
import { clientCipher } from '../../shared/codec/session.js';
import { RequestOpener } from '../../shared/codec/stream.js';
import { parseServerUri } from '../../shared/config/uri.js';
import { systemEnvironment } from '../../shared/net/system.js';
import { cliStarter, type Ended } from '../support/cli.js';
import { canaryKey } from '../support/config.js';

const start = cliStarter();
const run = (...words: readonly string[]): Promise<Ended> => start(['uri', ...words]).ended;
const link = 'ss://aes-256-gcm:hunter2@h:1';
const of2022 = `2022-blake3-aes-256-gcm:${encodeURIComponent(canaryKey)}@h:1`;

/** What a remote with that key reads in the first packet for the link. */
function opened(text: string): ReturnType<RequestOpener['open']> {
  const uri = parseServerUri(text);
  const cipher = clientCipher(uri.method, uri.secret, 'native');
  return new RequestOpener(cipher, systemEnvironment).open(firstPacket(uri, systemEnvironment));
}

describe('our first packet', () => {
  it.each([link, `${link}?prefix=POST%20`, `ss://${of2022}`])('for %s asks for a page over TLS', (text) => {
    const request = opened(text);
    expect(request?.target).toEqual({ host: 'www.example.com', port: 443 });
    expect(request?.payload).toHaveLength(517);
  });

  it.each(['halflight://aes-256-gcm:pw@h:1', `halflight://${of2022}`])(
    'for %s greets behind padding',
    (text) => {
      const request = opened(text);
      expect(request?.target).toEqual(reservedTarget);
      const payload = request?.payload ?? new Uint8Array(0);
      expect(payload).toHaveLength(1 + (payload[0] ?? 0) + 3);
      expect([...payload.slice(-3)]).toEqual([5, 1, 0]);
    },
  );
});

describe('halflight uri --first-packet-check', () => {
  it('ends with 1 for what an observer can tell, and with 0 for what he lets through', async () => {
    const [plain, prefixed] = await Promise.all([
      run('--first-packet-check', link),
      run('--first-packet-check', `${link}?prefix=POST%20`),
    ]);
    expect(plain).toMatchObject({ exitCode: 1, stderr: '' });
    expect(plain.stdout).toMatch(/^ss:\/\/aes-256-gcm:\*\*\*@h:1\n/);
    expect(plain.stdout).toContain('can tell that these connections are fully encrypted');
    expect(prefixed).toMatchObject({ exitCode: 0, stderr: '' });
    expect(prefixed.stdout).toContain('1000 of 1000 such packets are exempt');
    expect(prefixed.stdout).toContain('first bytes are those of HTTP');
  });

  it('prints an object for each link with --json, and no key', async () => {
    const { exitCode, stdout } = await run('--first-packet-check', '--json', link, `halflight://${of2022}`);
    expect(exitCode).toBe(1);
    const [one, other] = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(one).toMatchObject({ link: 'ss://aes-256-gcm:***@h:1', made: 1000, packet: { protocol: 'none' } });
    expect(other).toMatchObject({ wire: 'raw', made: 1000 });
    expect(stdout).not.toContain('hunter2');
    expect(stdout).not.toContain(canaryKey.slice(0, 12));
  });

  it('is asked for alone', async () => {
    const [drawn, converted] = await Promise.all([
      run('--first-packet-check', '--qr', link),
      run('--first-packet-check', '--to', 'ss', link),
    ]);
    expect(drawn.stderr).toContain('expected --qr or --first-packet-check, got both');
    expect(converted.stderr).toContain('expected --first-packet-check or --to, got both');
    for (const { exitCode } of [drawn, converted]) expect(exitCode).toBe(64);
  });
});
