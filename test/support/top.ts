/** Connections as `halflight top` has them. */
import type { TopRow } from '../../cli/top/rates.js';
import { openConnection } from './control.js';

/** An open connection that nothing has passed through yet. */
export function rowOf(id: number, changes: Partial<TopRow> = {}): TopRow {
  return {
    ...openConnection,
    id,
    key: `/run/c.sock 0 ${id}`,
    path: '/run/c.sock',
    pid: 4711,
    up: 0,
    down: 0,
    ageMs: 1000,
    upRate: 0,
    downRate: 0,
    ...changes,
  };
}
