/** How long a model stays loaded, in the two ways that Ollama takes it (`api/types.go: Duration`, 0.33). */

/** What `time.ParseDuration` takes; micro is written with either of Unicode's signs for it. */
export const GO_DURATION =
  /^[-+]?(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+)$/

/** Whether Go reads the text as a duration that its 64 bits of nanoseconds hold. */
export const isGoDuration = (text: string): boolean =>
  // A regular expression over megabytes runs out of stack, and no such text is meant.
  text.length <= LONGEST && GO_DURATION.test(text) && isSeconds(secondsOf(text))

/** The seconds of what {@link isGoDuration} accepts, below 0 where it is negative. */
export const secondsOfDuration = (text: string): number =>
  text.startsWith('-') ? -secondsOf(text) : secondsOf(text)

/** Whether so many seconds, negative ones too, are a duration of Go's. */
export const isSeconds = (seconds: number): boolean => Math.abs(seconds) <= MOST_SECONDS

const LONGEST = 64

/** Some 292 years. */
const MOST_SECONDS = 9.2e9

/** Without its sign. */
const secondsOf = (text: string): number => {
  let seconds = 0
  for (const [, count, unit = ''] of text.matchAll(TERM)) {
    seconds += Number(count) * (UNITS.get(unit) ?? Number.NaN)
  }
  return seconds
}

const TERM = /(\d+(?:\.\d*)?|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/g

const UNITS: ReadonlyMap<string, number> = new Map([
  ['ns', 1e-9],
  ['us', 1e-6],
  ['\u00b5s', 1e-6],
  ['\u03bcs', 1e-6],
  ['ms', 1e-3],
  ['s', 1],
  ['m', 60],
  ['h', 3600],
])
