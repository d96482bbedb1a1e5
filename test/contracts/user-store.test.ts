import { describe } from 'vitest';
import { memoryUsers } from '../support/memory-users.js';
import { userStoreContract } from './user-store.js';

describe('the contract of stores of users, in memory', () => {
  userStoreContract(memoryUsers, (seed) => `secret ${seed}`);
});
