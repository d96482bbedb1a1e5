// @ts-check
/**
 * Once a second says how much goes up and down, and at the end of each connection what it was.
 *
 *     halflight forward 8000 example.com:80 --hook docs/hooks/rate-report.js
 */

/** @param {number} bytes */
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;

/** What the tick before this one said. */
let before = { at: Date.now(), up: 0, down: 0 };

/** @type {import('halflight').Hook} */
export const hook = {
  on: {
    tick({ at, open, up, down }) {
      const seconds = Math.max(at - before.at, 1) / 1000;
      const [rising, falling] = [(up - before.up) / seconds, (down - before.down) / seconds];
      before = { at, up, down };
      if (rising + falling > 0) {
        console.log(`${open} open, up ${kilobytes(rising)}/s, down ${kilobytes(falling)}/s`);
      }
    },
    closed({ connection, up, down, ms, by, why }) {
      const { host, port } = connection.target ?? { host: 'nowhere', port: 0 };
      console.log(
        `${connection.id} ${host}:${port} up ${kilobytes(up.received)}, down ${kilobytes(down.received)}`,
        `in ${ms.toFixed(0)} ms, ended by ${by} (${why})`,
      );
    },
  },
};
