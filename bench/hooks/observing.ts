/** A hook that does nothing with what it is told: what it costs to have one. */
import type { Hook } from '../../shared/hooks/hook.js';

export const hook: Hook = { on: { closed: () => undefined } };
