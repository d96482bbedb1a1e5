/**
 * What client and target say to each other over UDP. Both directions are told by counts that only grow, so that a
 * datagram that is lost, late or doubled does no harm.
 *
 * ```
 *   KIND │ RUN │ COUNT
 *      1 │   1 │ u32     the rest is filler
 * ```
 */
export const kinds = {
  /** Client to target: one of many. */
  up: 1,
  /** Client to target: how many have come? */
  query: 2,
  /** Target to client: so many have come. */
  counted: 3,
  /** Client to target: send until it is so many in all. RUN is followed by COUNT and the length of each, u16. */
  credit: 4,
  /** Target to client: one of many. */
  down: 5,
} as const;

export const headerLength = 6;

/** How many are acknowledged, or granted, at a time: the more, the less the generators cost. */
export const stride = 16;

export function message(
  kind: number,
  run: number,
  { count = 0, length = headerLength }: { readonly count?: number; readonly length?: number },
): Buffer {
  const bytes = Buffer.alloc(length);
  bytes[0] = kind;
  bytes[1] = run;
  bytes.writeUInt32BE(count, 2);
  return bytes;
}
