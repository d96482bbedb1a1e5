/** A client that speaks HTTP and targets that are scripted, with the proxy between them and no socket. */
import type { Target } from '../../shared/codec/address.js';
import { HandshakeDriver } from '../../shared/net/drive.js';
import { httpInbound, type HttpOptions } from '../../shared/serve/http.js';
import type { Caller, ProxyRequest } from '../../shared/serve/serve.js';
import { ScriptedStream } from './push-stream.js';
import { settle } from './turns.js';

export interface HttpTalk {
  readonly client: ScriptedStream;
  /** The connections that were made, oldest first. */
  readonly targets: readonly ScriptedStream[];
  /** Where they lead to. */
  readonly dialled: readonly Target[];
  /** What became of the conversation. */
  readonly outcome: () => ProxyRequest | 'over' | 'open' | Error;
}

/** Begins a conversation with these words. `prepare` makes something of each connection before it is used. */
export async function httpTalk(
  first: string,
  changes: Partial<HttpOptions> & { readonly prepare?: (target: ScriptedStream) => void } = {},
): Promise<HttpTalk> {
  const { prepare, ...options } = changes;
  const client = new ScriptedStream();
  const targets: ScriptedStream[] = [];
  const dialled: Target[] = [];
  const stopping = new AbortController().signal;
  const inbound = httpInbound({ deadlineMs: 10_000, idleMs: 60_000, deniedMs: 1, stopping, ...options });
  let outcome: ReturnType<HttpTalk['outcome']> = 'open';
  const caller: Caller = {
    dial: (target) => {
      const stream = new ScriptedStream();
      dialled.push(target);
      targets.push(stream);
      prepare?.(stream);
      return Promise.resolve({ stream, bound: { host: '192.0.2.1', port: 1 } });
    },
    through: () => undefined,
    denied: () => undefined,
  };
  inbound(new HandshakeDriver(client), caller, stopping).then(
    (request) => {
      outcome = request ?? 'over';
    },
    (error: unknown) => {
      outcome = error as Error;
    },
  );
  if (first !== '') client.push(first);
  await settle();
  return { client, targets, dialled, outcome: () => outcome };
}
