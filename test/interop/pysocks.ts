import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { startPeer } from './programs.js';

/** What PySocks is to do; pysocks.py says what the words mean. */
export interface PySocksTask {
  readonly kind: 'SOCKS4' | 'SOCKS5' | 'HTTP' | 'UDP';
  /** HOST:PORT. */
  readonly proxy: string;
  /** User and password; none unless given. */
  readonly login?: readonly string[];
  readonly target: readonly [host: string, port: number];
  readonly rdns?: boolean;
  readonly path?: string;
  readonly lengths?: readonly number[];
}

export interface PySocksOutcome {
  readonly exitCode: number | null;
  readonly output: Buffer;
  /** The last line of its stderr: the exception that ended it. */
  readonly complaint: string;
}

const script = join(import.meta.dirname, 'pysocks.py');

/** Runs python3 with Debian's python3-socks. */
export async function pysocks({
  login = [],
  rdns = true,
  proxy,
  ...task
}: PySocksTask): Promise<PySocksOutcome> {
  const { hostname, port } = new URL(`tcp://${proxy}`);
  const words = { ...task, login, rdns, proxy: [hostname, Number(port)] };
  const program = await startPeer('/usr/bin/python3', [script, JSON.stringify(words)]);
  const output = await buffer(program.output);
  const exitCode = await program.ended;
  return { exitCode, output, complaint: program.complaints().trim().split('\n').at(-1) ?? '' };
}
