/** One of the twenty faults that most proxies fail, as something to watch. */
import type { TolkSettings } from '../support/tolk.ts'
import type { Stage } from './stage.ts'

export type Example = {
  /** Its place among the twenty: the first does the most damage. */
  readonly place: number
  /** The row that it shows, and others that it shows with it. */
  readonly rows: readonly [string, ...string[]]
  /** What is promised, in one line. */
  readonly promise: string
  /** What happens on the wire, in a sentence or two. */
  readonly story: string
  /** What most others do. */
  readonly others: string
  /** Of its tolk; times are short, so that a reader need not wait. */
  readonly settings?: TolkSettings
  /** Plays it, and says of each thing promised whether it was kept. */
  readonly play: (stage: Stage) => Promise<void>
}
