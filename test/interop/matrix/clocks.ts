/** Clocks that differ: 30 s are right, 31 are too many (SIP022 §3.1.4). */
import { vi } from 'vitest';
import { systemEnvironment } from '../../../index.js';
import { startEcho } from '../../support/targets.js';
import { udpEcho } from '../../support/udp.js';
import { type Case, unless } from './case.js';
import { answered, openLine } from './datagrams.js';
import { type Cast, setStage, type Staging } from './stage.js';

const most = 30;
/** Until when in a second a conversation may begin for all of its stamps to be of that second, ms. */
const early = { from: 50, to: 500 };

/** Stamps are of whole seconds: two that read their clocks in the same one differ by what the test has set, no more. */
async function earlyInASecond(): Promise<void> {
  await vi.waitUntil(
    () => {
      const now = Date.now() % 1000;
      return now >= early.from && now < early.to;
    },
    { timeout: 2_000, interval: 5 },
  );
}

/** What is tried while our clock is off. */
const tries: Readonly<Record<string, (cast: Cast, staging: Staging) => Promise<string>>> = {
  streams: async (cast, staging) => {
    const stage = await setStage(cast, staging);
    const echo = await startEcho();
    return unless('refused', async () => {
      // The client is started by the first connection, and takes its time.
      await stage.ready();
      await earlyInASecond();
      const client = await stage.connect(echo);
      void client.send('hello');
      return (await client.read(5)).toString() === 'hello' ? 'taken' : 'garbled';
    });
  },
  datagrams: async (cast, staging) => {
    const line = await openLine(cast, await udpEcho(), staging);
    await earlyInASecond();
    return (await answered(line, 400)) ? 'taken' : 'refused';
  },
};

const is2022 = ({ method }: Cast): boolean => method.startsWith('2022-');

export const clockCases: readonly Case[] = Object.entries(tries).flatMap(([kind, run]) =>
  [29, 30, 31].flatMap((seconds) =>
    [1, -1].map((direction) => ({
      name: `${kind}, our clock ${seconds} s ${direction > 0 ? 'ahead' : 'behind'}`,
      wants: seconds > most ? 'refused' : 'taken',
      ...(kind === 'datagrams' && { datagrams: true as const }),
      fits: is2022,
      run: (cast: Cast) => {
        const now = (): number => Date.now() + direction * seconds * 1000;
        return run(cast, { environment: { ...systemEnvironment, now } });
      },
    })),
  ),
);
