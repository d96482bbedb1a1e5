import { cpuEach, measureInRounds } from './throughput.js';
import type { Row } from './rows.js';

const msEachWay = 1000;
/** As many as a call with video has on its way over a long line. */
const inFlight = 64;

/** As many datagrams of that length as get through UDP ASSOCIATE, first up and then down. */
export function datagrams(length: number): Row {
  return {
    title: `datagrams of ${length} bytes, ${inFlight} in flight, up and then down`,
    columns: {
      rate: { head: 'per second', digits: 0 },
      up: { head: 'up', digits: 0 },
      down: { head: 'down', digits: 0 },
      lost: { head: 'lost %', digits: 2 },
      cpu: { head: 'CPU µs each', digits: 1 },
      load: { head: 'load CPU µs each', digits: 1 },
    },
    tunnels: ['direct', 'halflight-2022', 'halflight-2017', 'libev', 'rust'],
    measure: (plan) =>
      measureInRounds(plan, {
        async work(generators, entry) {
          const asked = { entry, length, inFlight, ms: msEachWay, withinMs: 3 * msEachWay };
          const { seconds, up, down } = await generators.ask('datagrams', asked);
          const sent = up.sent + down.sent;
          const received = up.received + down.received;
          return { seconds, datagrams: { up: up.received, down: down.received, lost: 1 - received / sent } };
        },
        read({ seconds, datagrams: { up, down, lost } = { up: NaN, down: NaN, lost: NaN }, ...cpu }) {
          const each = seconds / 2;
          return {
            rate: (up + down) / seconds,
            up: up / each,
            down: down / each,
            lost: 100 * lost,
            ...cpuEach(cpu, (up + down) / 1e6),
          };
        },
      }),
  };
}
