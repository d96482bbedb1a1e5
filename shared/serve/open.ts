/** What is open in this process now, for whoever wants to see it, or to end one of it. */
import type { ConnectionRow } from '../observe/connection.js';

export interface OpenConnection {
  describe(): ConnectionRow;
  /** Ends it at once, both ways; `reason` is what broke it. */
  cut(reason: Error): void;
}

const open = new Set<OpenConnection>();

/** The connections of all halves in this process, oldest first. */
export function openConnections(): Iterable<OpenConnection> {
  return open;
}

export function enter(connection: OpenConnection): void {
  open.add(connection);
}

/** May be repeated. */
export function leave(connection: OpenConnection): void {
  open.delete(connection);
}
