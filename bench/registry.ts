import { conversations } from './conversations.js';
import { datagrams } from './datagrams.js';
import { firstByte } from './first-byte.js';
import { idle } from './idle.js';
import { lossy } from './lossy.js';
import type { Row } from './rows.js';
import { start } from './start.js';
import { forwardThroughput, throughput } from './throughput.js';

/** The words of `--only`, but for the users, who have tables of their own (users.ts). */
export type RowName =
  | 'download'
  | 'upload'
  | 'download-8'
  | 'upload-8'
  | 'forward-download'
  | 'forward-upload'
  | 'conversations-1'
  | 'conversations-32'
  | 'first-byte'
  | 'lossy-download'
  | 'lossy-upload'
  | 'datagrams'
  | 'datagrams-64'
  | 'idle'
  | 'start';

/** Every row, in the order in which they are measured and printed. */
export const rows: Readonly<Record<RowName, Row>> = {
  download: throughput('download', 1),
  upload: throughput('upload', 1),
  'download-8': throughput('download', 8),
  'upload-8': throughput('upload', 8),
  'forward-download': forwardThroughput('download'),
  'forward-upload': forwardThroughput('upload'),
  'conversations-1': conversations(1),
  'conversations-32': conversations(32),
  'first-byte': firstByte,
  'lossy-download': lossy('download'),
  'lossy-upload': lossy('upload'),
  datagrams: datagrams(1200),
  'datagrams-64': datagrams(64),
  idle,
  start,
};
