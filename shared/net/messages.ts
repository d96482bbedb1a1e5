/** Short messages from programs of this machine, each answered to whoever sent it: over UDP here. */
import type { Target } from '../codec/address.js';
import { formatTarget } from '../codec/address.js';
import { bindDatagrams } from './datagrams.js';
import { countStanding } from './descriptors.js';

/** Told of each message, which it may keep; `answer` sends bytes back, and whether they arrive is not told. */
export type MessageReceived = (message: Uint8Array, answer: (reply: Uint8Array) => void) => void;

/** Where messages are heard. */
export interface MessageSocket {
  /** Where, in words: HOST:PORT or a path. */
  readonly text: string;
  /** Settles when nothing of it is left. May be repeated. */
  close(): Promise<void>;
}

/** Hears messages over UDP. Rejects with the system's error when the address cannot be had. */
export async function hearUdp(
  at: Target,
  received: MessageReceived,
): Promise<MessageSocket & { readonly address: Target }> {
  const socket = await bindDatagrams(at, countStanding);
  const { address } = socket;
  socket.attach({
    received: (message, from) => {
      received(message, (reply) => {
        socket.send(reply, from, () => undefined);
      });
    },
    failed: () => undefined,
  });
  return {
    text: formatTarget(address),
    address,
    close: () => {
      socket.close();
      return Promise.resolve();
    },
  };
}
