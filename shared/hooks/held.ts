/** What a piece costs beside its bytes, here and where the filter has put it, bytes. */
export const pieceCost = 128;

/** Small pieces are joined to one of so many bytes. */
const joined = 64 * 1024;
const leastJoined = 1024;

const nothing = new Uint8Array();

/** What a filter holds back of one direction, for the case that it fails: in few pieces, however many came. */
export class Held {
  #pieces: Uint8Array[] = [];
  /** The last piece, of which not all need be in use. */
  #last: Uint8Array = nothing;
  #used = 0;
  #weight = 0;

  get any(): boolean {
    return this.#weight > 0;
  }

  /** Bytes, and what their pieces cost. */
  get weight(): number {
    return this.#weight;
  }

  /** Takes a piece, which is kept. */
  add(bytes: Uint8Array): void {
    this.#weight += bytes.length + pieceCost;
    const size = this.#used + bytes.length;
    if (this.#used === 0 || size > joined) {
      this.#close();
      this.#last = bytes;
    } else {
      if (size > this.#last.length) {
        const larger = new Uint8Array(Math.min(joined, Math.max(leastJoined, 2 * size)));
        larger.set(this.#last.subarray(0, this.#used));
        this.#last = larger;
      }
      this.#last.set(bytes, this.#used);
    }
    this.#used = this.#last === bytes ? bytes.length : size;
  }

  /** All of it, in order; nothing is held from now on. */
  take(): readonly Uint8Array[] {
    this.#close();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#weight = 0;
    return pieces;
  }

  #close(): void {
    if (this.#used > 0) this.#pieces.push(this.#last.subarray(0, this.#used));
    this.#last = nothing;
    this.#used = 0;
  }
}
