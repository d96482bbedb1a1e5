/** A panel: what it says to a manager over UDP, and what it hears. */
import type { Target } from '../../shared/codec/address.js';
import { udpPeer } from './udp.js';

export interface Panel {
  /** Says it, and waits for the next answer. */
  readonly ask: (request: string) => Promise<string>;
  /** Says it, and does not wait. */
  readonly say: (request: string | Uint8Array) => Promise<void>;
  readonly next: () => Promise<string>;
}

export async function panel(at: Target): Promise<Panel> {
  const peer = await udpPeer();
  const next = async (): Promise<string> => (await peer.next()).payload.toString();
  const say = (request: string | Uint8Array): Promise<void> => peer.say(request, at);
  return {
    say,
    next,
    ask: async (request) => {
      await say(request);
      return next();
    },
  };
}
