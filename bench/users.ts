import { shortOnes } from './conversations.js';
import { type CrowdName, crowds } from './crowds.js';
import type { Direction } from './orders.js';
import type { Processes } from './processes.js';
import { measureRounds, type Taken } from './rounds.js';
import { flow } from './throughput.js';

/** What is measured with one user and with many. */
export type UsersRow = Direction | 'conversations';

export interface UsersResult extends Taken<UsersRow, CrowdName> {
  /** Bytes, or conversations, of each sample. */
  readonly amount: number;
}

export interface UsersPlan {
  readonly names: readonly CrowdName[];
  readonly rounds: number;
  /** Of one transfer. */
  readonly bytes: number;
  readonly conversations: number;
  readonly directory: string;
  readonly say: (line: string) => void;
}

/** How many run at once: below the 64 openings that a remote keeps of one source. */
const atOnce = 32;

/** Flows and short conversations through remotes with one user and with many, in turn, round after round. */
export async function measureUsers(
  processes: Processes,
  { bytes, conversations: count, ...plan }: UsersPlan,
): Promise<readonly UsersResult[]> {
  const taken = await measureRounds<UsersRow, CrowdName>(processes, {
    ...plan,
    kinds: crowds,
    rows: ['download', 'upload', 'conversations'],
    work: {
      download: flow('download', { bytes, flows: 1 }),
      upload: flow('upload', { bytes, flows: 1 }),
      conversations: shortOnes({ count, atOnce }),
    },
  });
  return taken.map((each) => ({ ...each, amount: each.row === 'conversations' ? count : bytes }));
}
