/** What is open in this process now, for whoever wants to see it, or to end one of it. */
import type { ConnectionRow } from '../observe/connection.js';

export interface OpenConnection {
  readonly id: number;
  describe(): ConnectionRow;
  /** Ends it at once, both ways; `reason` is what broke it. */
  cut(reason: Error): void;
}

const open = new Map<number, OpenConnection>();

/** The connections of all halves in this process, oldest first. */
export function openConnections(): Iterable<OpenConnection> {
  return open.values();
}

export function enter(connection: OpenConnection): void {
  open.set(connection.id, connection);
}

/** May be repeated. */
export function leave({ id }: OpenConnection): void {
  open.delete(id);
}

/** Cuts one of them off; false when it is not there any more. */
export function cut(id: number, reason: Error): boolean {
  const connection = open.get(id);
  connection?.cut(reason);
  return connection !== undefined;
}
