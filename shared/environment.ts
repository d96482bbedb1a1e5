/** What the pure ring may know of the outside world: the time, and dice. Tests hand in fixed ones. */
export interface Environment {
  /** Wall clock in milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
  /** `length` bytes fit for keys and salts. The caller owns them. */
  randomBytes(length: number): Uint8Array;
}
