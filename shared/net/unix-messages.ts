/**
 * Messages at a unix socket (SOCK_DGRAM). Node has no such sockets, so a small program in Perl holds it, and the messages
 * come and go on its standard output and input (docs/adr/0008-unix-datagrams.md).
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { access, lstat, unlink } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { codeOf, ConfigError, messageOf } from '../errors.js';
import type { MessageReceived, MessageSocket } from './messages.js';

export interface UnixMessagesOptions {
  readonly received: MessageReceived;
  /** What the operator should know: it has ended by itself, and why it cannot be started anew. */
  readonly warn: (detail: string) => void;
  /** Waits that differ from the defaults. */
  readonly waits?: Partial<BridgeWaits>;
}

/** Milliseconds. */
export interface BridgeWaits {
  /** From its start until the socket is there. */
  readonly readyMs: number;
  /** How long it may take to end when its input has. */
  readonly killMs: number;
  /** Before it is started anew when it has ended by itself: twice as long each time. */
  readonly shortestPauseMs: number;
  readonly longestPauseMs: number;
  /** One that ran for so long begins with the shortest pause again. */
  readonly steadyMs: number;
}

const defaultWaits: BridgeWaits = {
  readyMs: 10_000,
  killMs: 1_000,
  shortestPauseMs: 1_000,
  longestPauseMs: 60_000,
  steadyMs: 60_000,
};

/**
 * Hears messages at `path`, which is made with mode 0600, and taken away at the end; a socket that nobody listens at any
 * more gives way. Rejects with a ConfigError when the path cannot be had, or there is no Perl.
 */
export async function hearUnix(
  path: string,
  { received, warn, waits: changes = {} }: UnixMessagesOptions,
): Promise<MessageSocket> {
  const waits = { ...defaultWaits, ...changes };
  const closing = new AbortController();
  const { signal } = closing;
  const start = (): Promise<Bridge> => startBridge(path, { received, waits, signal });
  const first = await start();
  const over = keep(first, { start, warn, path, waits, signal });
  return {
    text: path,
    close: () => {
      closing.abort();
      return over;
    },
  };
}

interface Keeping {
  readonly start: () => Promise<Bridge>;
  readonly warn: (detail: string) => void;
  readonly path: string;
  readonly waits: BridgeWaits;
  readonly signal: AbortSignal;
}

/**
 * Starts it anew whenever it ends, until `signal` fires. The pauses keep the process alive: a remote that only a manager
 * speaks to has nothing else that would.
 */
async function keep(first: Bridge, { start, warn, path, waits, signal }: Keeping): Promise<void> {
  const { shortestPauseMs, longestPauseMs, steadyMs } = waits;
  let pauseMs = shortestPauseMs;
  let bridge: Bridge | undefined = first;
  for (;;) {
    const startedAt = performance.now();
    await bridge?.ended;
    if (signal.aborted) return;
    if (bridge !== undefined) {
      if (performance.now() - startedAt >= steadyMs) pauseMs = shortestPauseMs;
      const again = `it is started anew in ${pauseMs / 1000} s`;
      warn(`manager socket ${path}: expected perl to go on, got its end; ${again}`);
    }
    try {
      await sleep(pauseMs, undefined, { signal });
    } catch {
      return;
    }
    pauseMs = Math.min(2 * pauseMs, longestPauseMs);
    bridge = await start().catch((error: unknown) => {
      if (!signal.aborted) warn(messageOf(error));
      pauseMs = longestPauseMs;
      return undefined;
    });
  }
}

interface Bridge {
  /** Never rejects. */
  readonly ended: Promise<void>;
}

interface BridgeOptions {
  readonly received: MessageReceived;
  readonly waits: BridgeWaits;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/**
 * The program. Looked up where it is needed: a bundle has lost it, and in one of CommonJS there is no URL to begin with,
 * which must not keep anything else from working.
 */
async function bridgeScript(path: string): Promise<string> {
  try {
    const script = fileURLToPath(new URL('./unix-messages.pl', import.meta.url));
    await access(script);
    return script;
  } catch (error) {
    throw new ConfigError(
      `manager socket ${path}: expected unix-messages.pl beside the code, got none: ` +
        'name a UDP address such as 127.0.0.1:6001, or leave halflight out of the bundle',
      { cause: error },
    );
  }
}

/** Settles when the socket is there, rejects when nothing is left of what was started. */
async function startBridge(path: string, { received, waits, signal }: BridgeOptions): Promise<Bridge> {
  // Nothing else of the environment: there may be a key in it, and Perl heeds variables of its own.
  const variables = { PATH: process.env['PATH'], LC_ALL: 'C' };
  const child = spawn('perl', [await bridgeScript(path), path], { env: variables, stdio: 'pipe' });
  const failed = new Promise<never>((_, reject) => {
    child.once('error', (error) => {
      reject(codeOf(error) === 'ENOENT' ? noPerl(path) : error);
    });
  });
  // Without descriptors Node makes no pipes.
  if ((child.stdin as Writable | undefined) === undefined) return failed;
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(0, 500);
  });
  // It has ended, and its end tells that better.
  child.stdin.on('error', () => undefined);
  const { readyMs, killMs } = waits;
  let impatience = setTimeout(() => {
    complaint = `expected perl to listen, got nothing within ${readyMs} ms`;
    child.kill('SIGKILL');
  }, readyMs);
  const end = (): void => {
    child.stdin.end();
    clearTimeout(impatience);
    impatience = setTimeout(() => child.kill('SIGKILL'), killMs);
  };
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  const exit = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      clearTimeout(impatience);
      signal.removeEventListener('abort', end);
      resolve(code);
    });
  });
  const ready = new Promise<void>((resolve, reject) => {
    void exit.then(() => {
      const [why = ''] = complaint.split('\n', 1);
      reject(
        new ConfigError(
          `manager socket ${path}: ${why === '' ? 'expected perl to go on, got its end' : why}`,
        ),
      );
    });
    readFrames(child, (address, message) => {
      if (address.length === 0 && message.toString('latin1') === 'ready') resolve();
      else {
        received(message, (reply) => {
          writeFrame(child, address, reply);
        });
      }
    });
  });
  await Promise.race([ready, failed]);
  if (!signal.aborted) clearTimeout(impatience);
  const made = await lstat(path).catch(() => undefined);
  const ended = exit.then(async (code) => {
    // Otherwise it has done so itself.
    if (code === 0) return;
    const there = await lstat(path).catch(() => undefined);
    if (there?.ino === made?.ino && there?.dev === made?.dev) await unlink(path).catch(() => undefined);
  });
  return { ended };
}

function noPerl(path: string): ConfigError {
  return new ConfigError(
    `manager socket ${path}: expected perl on the PATH, got none: install it, or name a UDP address such as 127.0.0.1:6001`,
  );
}

const headLength = 6;

/** As unix-messages.pl writes them. */
function readFrames(
  { stdout }: ChildProcessWithoutNullStreams,
  frame: (address: Buffer, message: Buffer) => void,
): void {
  let pending: Buffer = Buffer.alloc(0);
  stdout.on('data', (piece: Buffer) => {
    pending = pending.length === 0 ? piece : Buffer.concat([pending, piece]);
    while (pending.length >= headLength) {
      const start = headLength + pending.readUInt16BE(0);
      const end = start + pending.readUInt32BE(2);
      if (pending.length < end) return;
      frame(pending.subarray(headLength, start), pending.subarray(start, end));
      pending = pending.subarray(end);
    }
  });
}

function writeFrame({ stdin }: ChildProcessWithoutNullStreams, address: Buffer, reply: Uint8Array): void {
  // Whoever asks faster than its answers can leave goes without, as at any socket.
  if (!stdin.writable || stdin.writableLength > mostWaiting) return;
  const head = Buffer.alloc(headLength);
  head.writeUInt16BE(address.length, 0);
  head.writeUInt32BE(reply.length, 2);
  stdin.write(Buffer.concat([head, address, reply]));
}

/** Bytes of answers that have not left yet. */
const mostWaiting = 1 << 22;
