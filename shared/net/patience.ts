/** The longest that a timer of Node can wait, ms: with more, it would fire at once. */
export const longestMs: number = 2 ** 31 - 1;

/** Calls back once `ms` have passed; after Infinity never, which Node's own timers take for at once. */
export function after(ms: number, action: () => void): NodeJS.Timeout | undefined {
  return ms === Infinity ? undefined : setTimeout(action, ms);
}
