/** tshark, which reads what the dumper writes. */
import { text } from 'node:stream/consumers';
import { expect } from 'vitest';
import type { Direction } from '../../shared/hooks/hook.js';
import { startPeer } from './programs.js';

/** What it prints about a file. */
export async function tshark(path: string, ...words: readonly string[]): Promise<string> {
  const program = await startPeer('tshark', ['-n', '-r', path, ...words]);
  const output = await text(program.output);
  const exitCode = await program.ended;
  if (exitCode !== 0) throw new Error(`tshark: exit code ${exitCode ?? 'none'}: ${program.complaints()}`);
  return output;
}

/** The bytes of both directions, as it follows the only stream of a file. */
export async function followed(path: string, wide = false): Promise<Readonly<Record<Direction, Buffer>>> {
  const output = await tshark(path, '-q', '-z', 'follow,tcp,raw,0');
  const nodes = [...output.matchAll(/^Node \d: (.*):\d+$/gm)].map(([, host]) => host);
  expect(nodes).toHaveLength(2);
  expect(nodes[0]?.includes(':')).toBe(wide);
  const lines = output.split('\n').filter((line) => /^\t?[0-9a-f]+$/.test(line));
  const bytes = (chosen: readonly string[]): Buffer =>
    Buffer.from(chosen.map((line) => line.trim()).join(''), 'hex');
  return {
    up: bytes(lines.filter((line) => !line.startsWith('\t'))),
    down: bytes(lines.filter((line) => line.startsWith('\t'))),
  };
}

/** Expects that it has nothing to say against any packet, checksums among it. */
export async function expectSound(path: string): Promise<void> {
  const checks = ['tcp.check_checksum', 'udp.check_checksum', 'ip.check_checksum'].flatMap((name) => [
    '-o',
    `${name}:TRUE`,
  ]);
  const complaints = [
    'tcp.analysis.flags',
    '_ws.malformed',
    'tcp.checksum.status == 0',
    'udp.checksum.status == 0',
    'ip.checksum.status == 0',
  ];
  expect(await tshark(path, ...checks, '-Y', complaints.join(' || '))).toBe('');
}
