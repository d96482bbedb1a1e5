/** The informer: a line for each event. */

/** How a line reads. */
export type InformerForm = 'compact' | 'wide' | 'json';

export interface InformerSettings {
  readonly form: InformerForm;
  readonly color: boolean;
  /** Receives each line without its line end. */
  readonly write: (line: string) => void;
}
