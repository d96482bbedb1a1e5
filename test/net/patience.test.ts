import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { dial } from '../../shared/net/dial.js';
import { deadline } from '../../shared/net/deadline.js';
import { HandshakeDriver } from '../../shared/net/drive.js';
import { after } from '../../shared/net/patience.js';
import { within } from '../../shared/net/within.js';
import { read } from '../../shared/proxy/handshake.js';
import { fakeNet } from '../support/fake-net.js';
import { ScriptedStream } from '../support/push-stream.js';
import { never } from '../support/scripted-proxy.js';

const nothing = (): Promise<never> => new Promise(() => undefined);

/** Everything that may take a while, without an end to it. */
const waits: Readonly<Record<string, () => void>> = {
  'an action': () => {
    after(Infinity, expect.unreachable);
  },
  'a deadline': () => {
    deadline(Infinity, never);
  },
  'a lookup': () => void within(nothing(), Infinity, never),
  'a handshake': () => void new HandshakeDriver(new ScriptedStream()).run(read(1), Infinity),
  'a dial': () => {
    const { options } = fakeNet({ '192.0.2.1': 'silent' }, { timeoutMs: Infinity });
    void dial({ host: '192.0.2.1', port: 1 }, options);
  },
};

describe('whoever may wait for ever', () => {
  it.each(Object.entries(waits))('leaves no timer: %s', (_what, begin) => {
    vi.useFakeTimers();
    onTestFinished(() => {
      vi.useRealTimers();
    });
    begin();
    expect(vi.getTimerCount()).toBe(0);
  });
});
