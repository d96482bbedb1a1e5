/** What connections carry a second, of what they have carried at two moments. */
import type { ConnectionTable, ServedConnection } from '../../shared/serve/control/table.js';

/** What one process has answered. */
export interface Answered {
  /** Its socket. */
  readonly path: string;
  readonly table: ConnectionTable;
}

/** A connection of any process. */
export interface TopRow extends ServedConnection {
  /** The same for the same connection, each time. */
  readonly key: string;
  /** The socket of its process. */
  readonly path: string;
  readonly pid: number;
  readonly ageMs: number;
  /** Bytes a second since the process was asked before; undefined when it was not. */
  readonly upRate: number | undefined;
  readonly downRate: number | undefined;
}

/** What a connection had carried when its process was asked last. */
type Carried = Pick<ServedConnection, 'up' | 'down'>;

interface Before {
  readonly pid: number;
  readonly uptimeMs: number;
  readonly carried: ReadonlyMap<string, Carried>;
}

const nothing: Carried = { up: 0, down: 0 };

/** Remembers one answer of each process. */
export class Rates {
  #before: ReadonlyMap<string, Before> = new Map();

  /** The rows of all, with rates since the call before. Who has not answered is forgotten. */
  rows(answers: readonly Answered[]): readonly TopRow[] {
    const now = new Map<string, Before>();
    const rows = answers.flatMap(({ path, table }) => {
      const { pid, uptimeMs } = table.process;
      const before = this.#before.get(path);
      const same = before?.pid === pid ? before : undefined;
      const seconds = same === undefined ? 0 : (uptimeMs - same.uptimeMs) / 1000;
      const carried = new Map<string, Carried>();
      now.set(path, { pid, uptimeMs, carried });
      return table.connections.map((connection): TopRow => {
        const key = `${path} ${pid} ${connection.worker ?? 0} ${connection.id}`;
        const { up, down } = connection;
        carried.set(key, { up, down });
        // One that was not there then had carried nothing.
        const then = same?.carried.get(key) ?? nothing;
        const rate = (bytes: number): number | undefined =>
          seconds > 0 ? Math.max(0, bytes) / seconds : undefined;
        return {
          ...connection,
          key,
          path,
          pid,
          ageMs: Math.max(0, table.at - connection.openedAt),
          upRate: rate(up - then.up),
          downRate: rate(down - then.down),
        };
      });
    });
    this.#before = now;
    return rows;
  }
}
