import { describe, expect, it } from 'vitest';
import { errorBudget } from '../../cli/life.js';

describe('the budget of errors that reach nobody', () => {
  it('is spent by the last of them within one window', () => {
    const exceeded = errorBudget(3, 1000);
    expect([0, 100, 200].map(exceeded)).toEqual([false, false, true]);
  });

  it('forgets those that are a window old', () => {
    const exceeded = errorBudget(3, 1000);
    expect([0, 100, 1000, 1100, 1101].map(exceeded)).toEqual([false, false, false, false, true]);
  });
});
