/** Something that runs until it is stopped: a local, a remote, or both. */
export interface Service {
  /** Where it listens, as `127.0.0.1:1080` or `[::]:8388`, with the port that was really taken. */
  readonly listen: string;
  /**
   * Stops accepting and dialling at once, lets conversations finish for at most `graceMs`, up to 2³¹−1 or Infinity, then
   * resets what is left. Settles when nothing of it is open any more. A second call shortens the grace of the first.
   */
  stop(graceMs: number): Promise<void>;
}

export interface StopOptions {
  /** How long conversations may go on, in ms; by default not at all, with Infinity as long as they like. */
  readonly graceMs?: number;
}
