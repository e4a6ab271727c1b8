/** Prints a turn's lanes as they arrive: one label a lane, its words wrapped beside it. */
import { styleText } from 'node:util'

export type Lane = 'prompt' | 'reasoning' | 'content' | 'tool call' | 'result' | 'finish'

export type Lanes = {
  /** Adds words to a lane; another lane than before starts on a line of its own. */
  say(lane: Lane, words: string): void
  /** Ends the line under way; the next words get a label again. */
  end(): void
}

/**
 * @param write gets every bit of text the moment it is said.
 * @param columns where lines are wrapped, terminal columns.
 */
export const createLanes = (
  write: (text: string) => void,
  { colours, columns }: { readonly colours: boolean; readonly columns: number },
): Lanes => {
  let current: Lane | null = null
  let column = 0

  const open = (label: string, lane: Lane): void => {
    write(`${painted(label, lane, colours)} │ `)
    column = GUTTER
  }

  const say = (lane: Lane, words: string): void => {
    if (current !== lane) {
      end()
      open(lane, lane)
      current = lane
    }
    for (const [word] of words.matchAll(/\n|[^\S\n]*[^\s]+|[^\S\n]+/g)) {
      // Words come in pieces: a line ends early, where a word begins, to leave room for its rest.
      const room = columns - column - (/^\s/.test(word) ? WORD_REST : 0)
      if (word === '\n' || Array.from(word).length > room) {
        write('\n')
        open('', lane)
      }
      const shown = column === GUTTER ? word.trimStart() : word
      write(shown)
      column += Array.from(shown).length
    }
  }

  const end = (): void => {
    if (current !== null) write('\n')
    current = null
  }

  return { say, end }
}

const WIDTH = 'reasoning'.length
/** Where words begin: label, blank, bar, blank. */
const GUTTER = WIDTH + 3

/** How much of a word may still follow its first piece, columns. */
const WORD_REST = 8

const COLOURS = {
  prompt: 'bold',
  reasoning: 'magenta',
  content: 'green',
  'tool call': 'yellow',
  result: 'cyan',
  finish: 'dim',
} as const satisfies Readonly<Record<Lane, string>>

const painted = (label: string, lane: Lane, colours: boolean): string => {
  const padded = label.padStart(WIDTH)
  return colours && label !== ''
    ? styleText(COLOURS[lane], padded, { validateStream: false })
    : padded
}
