import type { Target } from '../shared/codec/address.js';

/** Where a remote listens itself: nobody is led there through it, or it would dial itself without end. */
export class OwnAddresses {
  /** Asked at every dial. */
  all: readonly Target[] = [];

  add(address: Target): void {
    this.all = [...this.all, address];
  }

  remove(address: Target): void {
    this.all = this.all.filter((each) => each !== address);
  }
}
