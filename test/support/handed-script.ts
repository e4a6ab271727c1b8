/** A script that says each step when the test hands it over: the next after the last has arrived. */
import type { Script, Step } from '../../src/demo/script.ts'
import type { ChatStream } from './chat-stream.ts'
import { LATE_MS } from './counted-tolk.ts'

export type HandedScript = {
  /** For one answer. */
  readonly script: () => Script
  /** Says these as soon as what was handed over before is said. */
  say(...steps: readonly Step[]): void
}

export const handedScript = (): HandedScript => {
  const steps: Step[] = []
  let wake: (() => void) | undefined
  return {
    script: function* () {
      for (;;) {
        const { promise, resolve } = Promise.withResolvers<void>()
        wake = resolve
        yield steps.shift() ?? { until: promise }
      }
    },
    say: (...more) => {
      steps.push(...more)
      wake?.()
    },
  }
}

/** Says a line so many times, each after the last has arrived as an event: each is a read of its own. */
export const oneByOne = async (
  script: HandedScript,
  line: Step,
  times: number,
  stream: ChatStream,
): Promise<void> => {
  const before = stream.data().length
  for (let said = 1; said <= times; said++) {
    script.say(line)
    await stream.until(before + said, LATE_MS)
  }
}
