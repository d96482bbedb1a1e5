import type { Cast } from './stage.js';

/** One thing that may happen, to be seen between any two. */
export interface Case {
  readonly name: string;
  /** What should be seen. */
  readonly wants: string;
  /** It is one of datagrams. */
  readonly datagrams?: true;
  /** Whether it makes sense for them; always, unless said otherwise. */
  readonly fits?: (cast: Cast) => boolean;
  /** What is seen. */
  readonly run: (cast: Cast) => Promise<string>;
}

/** How long something may take that comes at once, if it comes at all, ms. */
const patienceMs = 3_000;

/** What `look` sees; `otherwise` when it fails, or has not seen anything in time. */
export async function unless(
  otherwise: string,
  look: () => Promise<string>,
  timeoutMs: number = patienceMs,
): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, otherwise);
  });
  const seen = look().catch(() => otherwise);
  const first = await Promise.race([seen, late]);
  clearTimeout(timer);
  return first;
}
