/** How many times `runs` a fuzz target is tried: once in `npm test`, FUZZ times as often in `npm run fuzz`. */
export function fuzzRuns(runs: number): number {
  return runs * Number(process.env['FUZZ'] ?? 1);
}
