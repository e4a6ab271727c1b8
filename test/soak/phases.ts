/** The phases of a soak, in their order. */
import type { Phase } from './phase.ts'
import { abortStorm } from './phases/abort-storm.ts'
import { behindFronts } from './phases/behind-fronts.ts'
import { coldStart } from './phases/cold-start.ts'
import { drain } from './phases/drain.ts'
import { endurance } from './phases/endurance.ts'
import { exhaustion } from './phases/exhaustion.ts'
import { fanOut } from './phases/fan-out.ts'
import { fidelity } from './phases/fidelity.ts'
import { latency } from './phases/latency.ts'
import { restarts } from './phases/restarts.ts'
import { shortCalls } from './phases/short-calls.ts'
import { slowReaders } from './phases/slow-readers.ts'
import { slowSenders } from './phases/slow-senders.ts'
import { underFault } from './phases/under-fault.ts'

/** Their shares leave a tenth for starting, settling and ending. */
export const PHASES: readonly Phase[] = [
  coldStart,
  fanOut,
  fidelity,
  underFault,
  latency,
  shortCalls,
  abortStorm,
  slowReaders,
  endurance,
  slowSenders,
  drain,
  restarts,
  behindFronts,
  exhaustion,
]
