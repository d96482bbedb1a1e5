/** Debian's dnsmasq as a name server on loopback that knows a few names and asks nobody, and dig to ask it. */
import { text } from 'node:stream/consumers';
import { userInfo } from 'node:os';
import { startListening } from './listening.js';
import { startPeer } from './programs.js';

/** A name, and its address of RFC 5737. */
export const known = { name: 'forward.test', address: '192.0.2.7' } as const;
/** A name with a text that takes the most that a datagram of 4,096 bytes can hold with ease. */
export const long: { readonly name: string; readonly text: string; readonly times: number } = {
  name: 'long.test',
  text: 'halflight'.repeat(28).slice(0, 250),
  times: 14,
};

/** Starts one; its HOST:PORT, of UDP and of TCP. */
export function startDnsmasq(): Promise<string> {
  const texts = Array.from({ length: long.times }, () => long.text).join(',');
  return startListening('/usr/sbin/dnsmasq', (port) => [
    ...['--keep-in-foreground', '--conf-file=/dev/null', '--pid-file', `--user=${userInfo().username}`],
    ...['--no-resolv', '--no-hosts', '--bind-interfaces', '--edns-packet-max=4096'],
    ...[`--port=${port}`, '--listen-address=127.0.0.1', '--listen-address=::1'],
    ...[`--address=/${known.name}/${known.address}`, `--txt-record=${long.name},${texts}`],
  ]);
}

/** What dig learns of `name` from the server at HOST:PORT, line by line. It asks once; rejects when nobody answers. */
export async function dig(
  server: string,
  name: string,
  words: readonly string[] = [],
): Promise<readonly string[]> {
  const { hostname, port } = new URL(`udp://${server}`);
  const program = await startPeer('dig', [
    ...[`@${hostname.replace(/^\[|\]$/g, '')}`, '-p', port, '+short', '+tries=1', '+time=10'],
    ...['+ignore', '+bufsize=4096', '+nocookie', name, ...words],
  ]);
  const [answer, exitCode] = await Promise.all([text(program.output), program.ended]);
  if (exitCode !== 0)
    throw new Error(`dig: expected an answer, got exit code ${exitCode ?? 'none'}: ${answer}`);
  return answer.trimEnd().split('\n');
}
