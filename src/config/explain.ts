/** The lines of `tolk check`: every value in force, secrets masked, each with where it came from. */
import type { Setting } from './effective.ts'
import { originText } from './origin.ts'

/** Aligned in three columns. A value that is very long does not push its neighbours to the right. */
export const explain = (settings: readonly Setting[]): readonly string[] => {
  const nameWidth = widthOf(settings.map(({ name }) => name))
  const valueWidth = widthOf(settings.map(({ shown }) => shown))
  return settings.map(
    ({ name, shown, origin }) =>
      `${name.padEnd(nameWidth)}  ${shown.padEnd(valueWidth)}  ${originText(origin)}`,
  )
}

const WIDEST = 44

const widthOf = (texts: readonly string[]): number =>
  texts.reduce((widest, { length }) => (length > WIDEST ? widest : Math.max(widest, length)), 0)
