/** What stands before the machine, with a clock, a memory and a peer that the test holds in its hands. */
import { methods } from '../../shared/codec/methods.js';
import type { MethodName } from '../../shared/codec/methods.js';
import { RequestSealer, type Cipher, type OpenedRequest } from '../../shared/codec/stream.js';
import type { Environment } from '../../shared/environment.js';
import type { ReplayStore } from '../../shared/net/replay.js';
import { systemEnvironment } from '../../shared/net/system.js';
import { authenticate, WaitingRoom, type Gate } from '../../shared/serve/authenticate.js';
import { cipherFor, sealed, vectorTime } from './codec.js';
import { tcpPair, type Pair } from './tcp.js';

/** Real dice, and a clock that stands still. */
export const stillEnvironment: Environment = {
  now: () => vectorTime * 1000,
  randomBytes: (length) => systemEnvironment.randomBytes(length),
};

export const target = { host: '192.0.2.1', port: 443 };

/** The bytes with which a client of that method opens a connection, and what it says first. */
export function firstFlight(cipher: Cipher, ...payloads: readonly Uint8Array[]): Buffer {
  const sealer = new RequestSealer(cipher, target, stillEnvironment);
  return Buffer.from(
    sealed((out) => {
      sealer.open(out);
      for (const payload of payloads) sealer.seal(payload, out);
    }),
  );
}

/** A memory that answers when the test says so. */
export class SlowStore implements ReplayStore {
  readonly asked: ('seen' | 'checkAndAdd')[] = [];
  #answers: ((known: boolean) => void)[] = [];
  #failures: ((error: Error) => void)[] = [];

  /** How many questions wait for an answer. */
  get waiting(): number {
    return this.#answers.length;
  }

  answer(known: boolean): void {
    this.#failures.shift();
    this.#answers.shift()?.(known);
  }

  fail(error: Error): void {
    this.#answers.shift();
    this.#failures.shift()?.(error);
  }

  seen(): Promise<boolean> {
    return this.#ask('seen');
  }

  checkAndAdd(): Promise<boolean> {
    return this.#ask('checkAndAdd');
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #ask(question: 'seen' | 'checkAndAdd'): Promise<boolean> {
    this.asked.push(question);
    return new Promise((resolve, reject) => {
      this.#answers.push(resolve);
      this.#failures.push(reject);
    });
  }
}

export interface AtTheGate extends Pair {
  readonly cipher: Cipher;
  /** Who has come through, and why others have not. */
  readonly opened: readonly OpenedRequest[];
  readonly absorbed: readonly string[];
}

/** A connection that has just been accepted, in front of a gate. */
export async function atTheGate(
  replay: ReplayStore,
  changes: Partial<Gate> & { readonly name?: MethodName; readonly address?: string } = {},
): Promise<AtTheGate> {
  const { name = '2022-blake3-aes-256-gcm', address, ...others } = changes;
  const pair = await tcpPair('accepted');
  if (address !== undefined) Object.defineProperty(pair.stream, 'peer', { value: address });
  const cipher = cipherFor(methods[name]);
  const opened: OpenedRequest[] = [];
  const absorbed: string[] = [];
  const gate: Gate = {
    cipher,
    environment: stillEnvironment,
    replay,
    notBefore: 0,
    waiting: new WaitingRoom(),
    hidesSources: false,
    absorbMs: 59_000,
    absorbed: (why) => absorbed.push(why),
    ...others,
  };
  authenticate(pair.stream, gate, (request) => opened.push(request));
  return { ...pair, cipher, opened, absorbed };
}
