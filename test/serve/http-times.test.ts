import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { httpTalk, type HttpTalk } from '../support/http-talk.js';
import type { ScriptedStream } from '../support/push-stream.js';
import { settle } from '../support/turns.js';

const deadlineMs = 10_000;
const idleMs = 100_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});

afterEach(() => {
  vi.useRealTimers();
});

function talking(first: string): Promise<HttpTalk> {
  return httpTalk(first, { deadlineMs, idleMs });
}

/** How the stream was ended; twice is as good as once. */
function asked({ calls }: ScriptedStream): readonly string[] {
  return [...new Set(calls)].filter((call) => ['end', 'abort', 'truncate'].includes(call));
}

async function pass(ms: number): Promise<void> {
  await settle();
  vi.advanceTimersByTime(ms);
  await settle();
}

const request = 'GET http://a.example/ HTTP/1.1\r\nHost: a\r\n\r\n';
const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

describe('a head', () => {
  it('that is not complete in time is a 408, and the end', async () => {
    const { client, outcome } = await talking('GET http://a.exa');
    for (let at = 0; at < 9; at++) {
      await pass(deadlineMs / 10);
      client.push('x');
    }
    expect([client.said, outcome()]).toEqual(['', 'open']);
    await pass(deadlineMs / 10);
    expect(client.said).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n[^]*Connection: close\r\n/);
    expect([asked(client), outcome()]).toMatchObject([['end'], { code: 'silence' }]);
  });

  it('that comes later has the same time, from its first byte', async () => {
    const { client, targets, outcome } = await talking(request);
    targets[0]?.push(answer);
    await pass(deadlineMs * 2);
    expect([client.said.slice(-2), outcome()]).toEqual(['ok', 'open']);
    client.push('GET');
    await pass(deadlineMs - 1);
    expect(outcome()).toBe('open');
    await pass(1);
    expect(client.said).toContain('408 Request Timeout');
  });

  it('does not begin with an empty line: some clients send one behind their request', async () => {
    const { client, targets, outcome } = await talking(request);
    targets[0]?.push(answer);
    client.push('\r\n');
    await pass(deadlineMs * 2);
    expect([client.said.slice(-2), outcome()]).toEqual(['ok', 'open']);
  });

  it('that is complete waits for its answer as long as that takes', async () => {
    const { client, outcome } = await talking(request);
    await pass(deadlineMs * 2);
    expect([client.said, outcome()]).toEqual(['', 'open']);
  });

  it('has no time of its own while a body is coming', async () => {
    const { client, targets, outcome } = await talking(
      'POST http://a.example/ HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n',
    );
    for (let at = 0; at < 9; at++) {
      client.push('b');
      await pass(deadlineMs);
    }
    expect([targets[0]?.said.slice(-9), outcome()]).toEqual(['bbbbbbbbb', 'open']);
  });
});

describe('a conversation in which no byte moves', () => {
  it('is ended between two requests', async () => {
    const { client, targets, outcome } = await talking(request);
    targets[0]?.push(answer);
    await pass(idleMs - 1);
    expect([asked(client), outcome()]).toEqual([[], 'open']);
    await pass(1);
    expect([asked(client), outcome()]).toEqual([['end'], 'over']);
  });

  it('is cut off in the middle of an exchange', async () => {
    const { client, targets, outcome } = await talking(request);
    targets[0]?.push('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\no');
    await pass(idleMs - 1);
    targets[0]?.push('k');
    await pass(idleMs - 1);
    expect([client.said.slice(-2), outcome()]).toEqual(['ok', 'open']);
    await pass(1);
    expect([asked(client), targets.map(asked), outcome()]).toEqual([['truncate'], [['abort']], 'over']);
  });

  it('is given up sooner when the client has ended its direction', async () => {
    const { client, targets } = await talking(request);
    client.finish();
    await pass(29_999);
    expect(targets.map(asked)).toEqual([[]]);
    await pass(1);
    expect([asked(client), targets.map(asked)]).toEqual([['truncate'], [['abort']]]);
  });

  it('leaves no clock behind', async () => {
    const { client, targets, outcome } = await talking(request);
    targets[0]?.push(answer);
    await settle();
    client.break(new Error('reset'));
    await settle();
    expect([outcome(), targets.map(asked), vi.getTimerCount()]).toMatchObject([
      { message: 'reset' },
      [['abort']],
      0,
    ]);
  });
});

describe('what a client does not take', () => {
  it('is waited for, but not the interim answers', async () => {
    const { client, targets } = await talking(request);
    client.room = false;
    const hint = `HTTP/1.1 103 Early Hints\r\nLink: ${'a'.repeat(1000)}\r\n\r\n`;
    for (let at = 0; at < 1000; at++) targets[0]?.push(hint);
    targets[0]?.push(answer);
    await settle();
    client.drain();
    await settle();
    expect([client.said.slice(-2), client.said.length < 200_000]).toEqual(['ok', true]);
  });
});

describe('a connection to a target', () => {
  it('rests for half a minute, and no longer', async () => {
    const { client, targets } = await talking(request);
    targets[0]?.push(answer);
    await pass(29_999);
    expect(targets.map(asked)).toEqual([[]]);
    await pass(1);
    expect(targets.map(asked)).toEqual([['abort']]);
    client.push(request);
    await settle();
    expect(targets).toHaveLength(2);
  });

  it('is used again, for the same host and port only', async () => {
    const { client, targets, dialled } = await talking(request);
    targets[0]?.push(answer);
    await settle();
    client.push(request.replace('a.example', 'a.example:81'));
    await settle();
    targets[1]?.push(answer);
    await settle();
    client.push(request);
    await settle();
    targets[0]?.push(answer);
    await settle();
    expect(dialled.map(({ port }) => port)).toEqual([80, 81]);
    expect(client.said.match(/ok/g)).toHaveLength(3);
  });

  it('is one of eight at most that rest', async () => {
    const { client, targets } = await talking(request);
    for (let at = 0; at < 10; at++) {
      targets[at]?.push(answer);
      await settle();
      client.push(request.replace('a.example', `${at}.example`));
      await settle();
    }
    targets[10]?.push(answer);
    await settle();
    expect(targets.map((target) => asked(target).length)).toEqual([1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('that ends while it rests is not used again', async () => {
    const { client, targets } = await talking(request);
    targets[0]?.push(answer);
    await settle();
    targets[0]?.finish();
    await settle();
    client.push(request);
    await settle();
    expect(targets).toHaveLength(2);
  });

  it('that speaks while it rests is not believed', async () => {
    const { client, targets } = await talking(request);
    targets[0]?.push(answer);
    await settle();
    targets[0]?.push(answer.replace('ok', 'no'));
    await settle();
    client.push(request);
    await settle();
    targets[1]?.push(answer);
    await settle();
    expect([targets.length, client.said.match(/ok|no$/g)]).toEqual([2, ['ok', 'ok']]);
  });

  it('that breaks when it is used again is replaced, for what may be asked twice', async () => {
    const { client, targets } = await talking(request);
    targets[0]?.push(answer);
    await settle();
    client.push(request);
    await settle();
    targets[0]?.break(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
    await settle();
    targets[1]?.push(answer);
    await settle();
    expect([targets.length, client.said.match(/ok/g)]).toEqual([2, ['ok', 'ok']]);
  });

  it.each([
    ['POST', 'Content-Length: 0\r\n'],
    ['DELETE', ''],
    ['GET', 'Content-Length: 1\r\n'],
  ])('that breaks under a %s with %j is the end of that', async (method, more) => {
    const { client, targets } = await talking(request);
    targets[0]?.push(answer);
    await settle();
    client.push(
      request.replace('GET', method).replace('\r\n\r\n', `\r\n${more}\r\n`),
      more.includes('1') ? 'b' : '',
    );
    await settle();
    targets[0]?.break(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
    await settle();
    expect([targets.length, client.said.match(/error=\w+/g)]).toEqual([1, ['error=connection_terminated']]);
  });

  it('that has answered without having read the request is given up', async () => {
    const post = request.replace('GET', 'POST').replace('\r\n\r\n', '\r\nContent-Length: 4\r\n\r\n');
    const { client, targets } = await talking(post);
    const [target] = targets;
    if (target !== undefined) target.room = false;
    client.push('bo');
    await settle();
    client.push('dy');
    target?.push(answer);
    await settle();
    expect([client.said.slice(-2), targets.map(asked)]).toEqual(['ok', [['abort']]]);
  });

  it('that breaks when it is new is not tried twice', async () => {
    const { client, targets } = await talking(request);
    targets[0]?.finish();
    await settle();
    expect([targets.length, client.said.slice(0, 24)]).toEqual([1, 'HTTP/1.1 502 Bad Gateway']);
  });
});
