/**
 * Messages at a unix socket (SOCK_DGRAM). Node has no such sockets, so a small program in Perl holds it, and the messages
 * come and go on its standard output and input (docs/adr/0008-unix-datagrams.md).
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { codeOf, ConfigError } from '../errors.js';
import type { MessageReceived, MessageSocket } from './messages.js';

const script = fileURLToPath(new URL('./unix-messages.pl', import.meta.url));
/** How long it may take to end when its input has, ms. */
const patienceMs = 1_000;
/** Pauses before it is started anew when it has ended by itself, ms. */
const shortestPauseMs = 1_000;
const longestPauseMs = 60_000;

export interface UnixMessagesOptions {
  readonly received: MessageReceived;
  /** What the operator should know: it has ended by itself, and why it cannot be started anew. */
  readonly warn: (detail: string) => void;
}

/**
 * Hears messages at `path`, which is made with mode 0600, and taken away at the end; a socket that nobody listens at any
 * more gives way. Rejects with a ConfigError when the path cannot be had, or there is no Perl.
 */
export async function hearUnix(
  path: string,
  { received, warn }: UnixMessagesOptions,
): Promise<MessageSocket> {
  let bridge = await startBridge(path, received);
  let pauseMs = shortestPauseMs;
  let pause: NodeJS.Timeout | undefined;
  let closed: Promise<void> | undefined;
  const watch = (): void => {
    void bridge.ended.then(() => {
      if (closed !== undefined) return;
      warn(`manager socket ${path}: expected perl to go on, got its end; it is started anew`);
      pause = setTimeout(() => void again(), pauseMs).unref();
      pauseMs = Math.min(2 * pauseMs, longestPauseMs);
    });
  };
  const again = async (): Promise<void> => {
    try {
      bridge = await startBridge(path, received);
      if (closed === undefined) watch();
      else await bridge.end();
    } catch (error) {
      if (closed !== undefined) return;
      warn(error instanceof Error ? error.message : String(error));
      pause = setTimeout(() => void again(), longestPauseMs).unref();
    }
  };
  watch();
  return {
    text: path,
    close: () => {
      clearTimeout(pause);
      return (closed ??= bridge.end());
    },
  };
}

interface Bridge {
  readonly ended: Promise<void>;
  end(): Promise<void>;
}

/** Settles when the socket is there. */
async function startBridge(path: string, received: MessageReceived): Promise<Bridge> {
  // Nothing else of the environment: there may be a key in it, and Perl heeds variables of its own.
  const variables = { PATH: process.env['PATH'], LC_ALL: 'C' };
  const child = spawn('perl', [script, path], { env: variables, stdio: 'pipe' });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(0, 500);
  });
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => {
      resolve();
    });
  });
  // It has ended, and `ended` tells that better.
  child.stdin.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    child.once('error', (error) => {
      reject(codeOf(error) === 'ENOENT' ? noPerl(path) : error);
    });
    void ended.then(() => {
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
  return {
    ended,
    async end() {
      child.stdin.end();
      const impatience = setTimeout(() => child.kill('SIGKILL'), patienceMs);
      await ended;
      clearTimeout(impatience);
    },
  };
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
