import { Agent, type ClientRequest, type ClientRequestArgs } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Target } from '../../codec/address.js';
import { PushDuplex } from '../../net/duplex.js';
import type { Connected } from '../../outbound/outbound.js';

/** How many connections of one client may rest at targets. */
const mostResting = 8;
/** How long a connection to a target rests before it is given up, ms. Shorter than most targets wait. */
const restMs = 30_000;

/** Makes a connection to a target. */
export type Reach = (target: Target) => Promise<Connected>;

/**
 * The connections to targets that one client has used and may use again. No two clients share one: to a target a
 * connection may mean a person, who once logged in on it.
 */
export class Pool extends Agent {
  /** How a connection is made for the exchange that is under way; there is one at a time. */
  reach: Reach | undefined;
  /** Oldest first, each with what drops it when it speaks unasked: that would be taken for the next answer. */
  readonly #resting = new Map<Duplex, () => void>();

  constructor() {
    super({ keepAlive: true, maxFreeSockets: 1 });
  }

  override createConnection(
    { host, port }: ClientRequestArgs,
    made: (failure: Error | null, connection: Duplex) => void,
  ): undefined {
    void this.#connect({ host: String(host), port: Number(port) }, made);
  }

  override keepSocketAlive(connection: Duplex): boolean {
    if (!(connection instanceof PushDuplex)) return false;
    const drop = (): void => {
      connection.destroy();
    };
    connection.once('data', drop);
    connection.setTimeout(restMs);
    this.#resting.set(connection, drop);
    const [oldest] = this.#resting.keys();
    if (this.#resting.size > mostResting) oldest?.destroy();
    return true;
  }

  override reuseSocket(connection: Duplex, request: ClientRequest): void {
    connection.off('data', this.#resting.get(connection) ?? (() => undefined));
    this.#resting.delete(connection);
    super.reuseSocket(connection, request);
  }

  async #connect(target: Target, made: (failure: Error | null, connection: Duplex) => void): Promise<void> {
    try {
      if (this.reach === undefined) throw new Error('pool: expected an exchange, got none');
      const { stream } = await this.reach(target);
      const connection = new PushDuplex(stream, { hearsOut: true });
      connection.on('end', () => {
        connection.destroy();
      });
      connection.on('close', () => {
        this.#resting.delete(connection);
      });
      made(null, connection);
    } catch (failure) {
      (made as (failure: unknown) => void)(failure);
    }
  }
}
