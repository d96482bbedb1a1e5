import { expect, it } from 'vitest';
import { UsageCounter } from '../../shared/observe/usage.js';

it('what each user has carried is added up when a conversation ends', () => {
  const usage = new UsageCounter();
  const end = (user: string | undefined, up: number, down: number): void => {
    usage.observe({ event: 'closed', id: 1, up, down, ms: 1, ...(user !== undefined && { user }) });
  };
  usage.observe({ event: 'opened', id: 1, role: 'remote', user: 'ann' });
  expect(usage.users).toEqual([]);
  end('ann', 1, 20);
  end('ben', 5, 6);
  end(undefined, 1000, 1000);
  end('ann', 2, 30);
  expect(usage.users).toEqual([
    { user: 'ann', conversations: 2, up: 3, down: 50 },
    { user: 'ben', conversations: 1, up: 5, down: 6 },
  ]);
});
