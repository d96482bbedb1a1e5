/** Amounts as people say them. */

const sizes = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'] as const;

/** `12.3 GB`, by thousands as bills count. */
export function bytesInWords(bytes: number): string {
  let amount = bytes;
  let at = 0;
  // What would be rounded up to a thousand is one of the next.
  while (amount >= (at === 0 ? 1000 : 999.95) && at < sizes.length - 1) {
    amount /= 1000;
    at += 1;
  }
  return `${at === 0 ? Math.round(amount) : amount.toFixed(1)} ${sizes[at] ?? ''}`;
}

const spans: readonly (readonly [name: string, ms: number])[] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];

/** `3 days`, `1 hour`, `less than a minute`: whole ones, of the largest kind that there is one of. */
export function timeInWords(ms: number): string {
  const [name, span] = spans.find(([, each]) => ms >= each) ?? [];
  if (name === undefined || span === undefined) return 'less than a minute';
  const count = Math.floor(ms / span);
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}
