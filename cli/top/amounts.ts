/** Amounts in four columns at most. */

const sizes = ['', 'k', 'M', 'G', 'T', 'P'] as const;

/** `999`, `1.2k`, `34M`: bytes by thousands, as `bytesInWords` says them where there is room. */
export function shortBytes(bytes: number): string {
  let amount = bytes;
  let at = 0;
  // What would be rounded up to a thousand is one of the next.
  while (Math.round(amount) >= 1000 && at < sizes.length - 1) {
    amount /= 1000;
    at += 1;
  }
  const digits = at > 0 && amount < 9.95 ? 1 : 0;
  return `${amount.toFixed(digits)}${sizes[at] ?? ''}`;
}

const spans: readonly (readonly [unit: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
];

/** `5s`, `12m`, `3h`, `40d`: whole ones, of the largest unit that there is one of. */
export function shortTime(ms: number): string {
  const [unit = 's', span = 1000] = spans.find(([, each]) => ms >= each) ?? [];
  return `${Math.max(0, Math.floor(ms / span))}${unit}`;
}
