/** What a dumper is told. */
import type { Target } from '../../codec/address.js';

/** What it writes for each conversation. */
export type DumpFormat = 'text' | 'pcapng';

/** A target to be dumped: the host, the port, or both. */
export type DumpTarget = Partial<Target>;

export interface DumperSettings {
  /** Where the files go; it must be there. */
  readonly directory: string;
  /** One or both. */
  readonly formats: readonly DumpFormat[];
  /** Only these; empty is all. */
  readonly targets: readonly DumpTarget[];
  /** A file that would become larger than so many bytes goes on in another one; 0 is no limit. */
  readonly fileBytes: number;
  /** The files of this run that may be there at once: the oldest one goes when another begins; 0 is no limit. */
  readonly files: number;
  /** Whether credentials in HTTP headers and SOCKS authentication are written as they are. */
  readonly secrets: boolean;
}
