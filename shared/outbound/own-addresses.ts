/** The addresses of this computer. A connection of one that is gone hears nothing any more, and nobody tells it. */
import { networkInterfaces } from 'node:os';

export class OwnAddresses {
  readonly #list: () => readonly string[];
  /** Those it has had: what it never had, some network of its own lends to it. */
  readonly #gone = new Set<string>();
  #present: ReadonlySet<string>;
  #lookedAt = performance.now();

  /** `list` says which they are now. */
  constructor(list: () => readonly string[] = ofTheSystem) {
    this.#list = list;
    this.#present = new Set(list());
  }

  /** Whether they are others than at the last look. One that is not `oldMs` old yet serves again. */
  change(oldMs = 0): boolean {
    const now = performance.now();
    if (now - this.#lookedAt < oldMs) return false;
    this.#lookedAt = now;
    const [before, present] = [this.#present, new Set(this.#list())];
    this.#present = present;
    const lost = [...before].filter((address) => !present.has(address));
    for (const address of lost) this.#gone.add(address);
    for (const address of present) this.#gone.delete(address);
    return lost.length > 0 || present.size > before.size;
  }

  /** Whether the computer has had that address, and has it no more. */
  lacks(address: string): boolean {
    return this.#gone.has(address);
  }
}

function ofTheSystem(): string[] {
  try {
    const all = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses);
    return all.map(({ address }) => address);
  } catch {
    // Some systems keep them from programs: then they are never others.
    return [];
  }
}
