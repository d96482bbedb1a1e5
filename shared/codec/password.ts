/**
 * How hard a password is to guess, roughly and on the safe side. AEAD-2017 derives its key from the password with one
 * round of MD5, so whoever records a stream can try billions of passwords a second.
 */

const minLength = 16;
const minBits = 80;

/** What alphabets a character may come from, and how many characters each has. */
const alphabets: readonly { readonly has: RegExp; readonly size: number }[] = [
  { has: /[a-z]/, size: 26 },
  { has: /[A-Z]/, size: 26 },
  { has: /[0-9]/, size: 10 },
  { has: /[ -/:-@[-`{-~]/, size: 33 },
  { has: /[^ -~]/, size: 100 },
];

/** Runs that people type instead of thinking; they are worth no more than a repetition, in both directions. */
const walks = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890',
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  'password',
].flatMap((walk) => [walk, Array.from(walk).reverse().join('')]);

/**
 * Why a password is too weak to protect anything, or undefined when it will do: shorter than 16 characters, or worth
 * less than 80 bits by a count in which repetitions and walks over the keyboard add next to nothing. It knows no
 * dictionary: a sentence of common words may pass.
 */
export function weakPassword(password: string): string | undefined {
  const characters = Array.from(password);
  if (characters.length < minLength) {
    return `password: expected ${minLength} characters or more, got ${characters.length}`;
  }
  const bits = Math.floor(estimateBits(characters));
  return bits < minBits
    ? `password: expected ${minBits} bits of guessing or more, got about ${bits}`
    : undefined;
}

/** Reads from left to right; what the reader could have foretold from what came before counts one bit a character. */
function estimateBits(characters: readonly string[]): number {
  const text = characters.join('');
  const pool = alphabets.reduce((sum, { has, size }) => (has.test(text) ? sum + size : sum), 0);
  const each = Math.log2(pool);
  let bits = 0;
  for (let at = 0; at < characters.length; at++) bits += isForetold(characters, at) ? 1 : each;
  return bits;
}

/** Whether a character continues something: with the one or two before it, it stood there already, or walks on. */
function isForetold(characters: readonly string[], at: number): boolean {
  if (at > 0 && characters[at] === characters[at - 1]) return true;
  if (at < 2) return false;
  const trio = characters.slice(at - 2, at + 1).join('');
  return (
    characters.slice(0, at).join('').includes(trio) || walks.some((walk) => walk.includes(trio.toLowerCase()))
  );
}
