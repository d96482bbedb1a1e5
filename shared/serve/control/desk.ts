/** What the control socket of one process tells, and does. */
import { StoppedError } from '../../errors.js';
import type { Role } from '../../observe/events.js';
import { cut, openConnections } from '../open.js';
import type { Named, ServedConnection } from './table.js';

/** The connections that are open in this process; `role` leaves out those of others. */
export function connectionsHere(role?: Role): readonly ServedConnection[] {
  const rows = Array.from(openConnections(), (connection) => connection.describe());
  return role === undefined ? rows : rows.filter((row) => row.role === role);
}

/** Cuts one of them off; false when it is not there any more. */
export function cutHere({ id }: Pick<Named, 'id'>): boolean {
  return cut(id, new StoppedError('connection: expected to go on, got told to end it'));
}
