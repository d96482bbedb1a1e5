import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/interop/**/*.test.ts'],
    setupFiles: ['test/support/load-ciphers.ts'],
    testTimeout: 120_000,
    pool: 'forks',
    fileParallelism: false,
  },
}) as unknown;
