/** The text of the bench's tokens: words, or the moment at which they were written. */
import type { Workload } from './workload.ts'

/** Escapes, line breaks and letters of two and three bytes are among them, as in life. */
const WORDS = [
  'First', ' comes', ' the', ' reader', ',', ' who', ' says', ' "why"', '\n', ' then', ' é',
  ' naïve', ' 漢字', ' if', ' (', ')', ' a', ' <', ' 17', ';', ' so', ' they', ' asked', ' again',
] as const // prettier-ignore

/** How many tokens there are before they repeat. */
export const WORD_COUNT = WORDS.length

/** The first token of every answer that is not paced; a client looks for it. */
export const FIRST_WORD = WORDS[0]

/** A token of a paced answer before its moment is written into it: microseconds, 16 digits. */
export const STAMP = ' @0000000000000000'
/** Digits of a moment. */
export const STAMP_DIGITS = 16

/** What token `index` says. */
export const tokenText = ({ delayMs }: Workload, index: number): string =>
  delayMs > 0 ? STAMP : (WORDS[index % WORDS.length] ?? '')

/** What a whole answer says: its text, and what was thought before. */
export const spoken = (
  workload: Workload,
): { readonly text: string; readonly reasoning: string } => {
  const said = Array.from({ length: workload.tokens }, (_, index) => tokenText(workload, index))
  return {
    text: said.slice(workload.thinking).join(''),
    reasoning: said.slice(0, workload.thinking).join(''),
  }
}
