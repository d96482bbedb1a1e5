/** Numbers as people write them into settings, judged. */
import { ConfigError } from '../errors.js';

/** Throws a ConfigError for a number, as text, that is not from `least` to `most`. */
export function between(least: number, most: number): (text: string) => void {
  return (text) => {
    const number = Number(text);
    if (number >= least && number <= most) return;
    throw new ConfigError(`number: expected a number from ${least} to ${most}, got ${text}`);
  };
}

/** The same for one that is not whole, too. */
export function wholeBetween(least: number, most: number): (text: string) => void {
  const check = between(least, most);
  return (text) => {
    if (!/^-?\d+$/.test(text)) throw new ConfigError(`number: expected a whole number, got ${text}`);
    check(text);
  };
}
