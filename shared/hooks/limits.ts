/** What hooks may cost at most. */
export interface HookLimits {
  /** How long an admission may take, ms. */
  readonly admitMs: number;
  /** How long a filter may take for one answer, ms. */
  readonly answerMs: number;
  /** What a filter may hold back in one direction, bytes. */
  readonly heldBytes: number;
  /** How long its half waits for it when it stops, ms. */
  readonly stopMs: number;
  /** Between two ticks, ms. */
  readonly tickMs: number;
}

export const defaultLimits: HookLimits = {
  admitMs: 10_000,
  answerMs: 30_000,
  heldBytes: 16 * 1024 * 1024,
  stopMs: 5_000,
  tickMs: 1_000,
};
