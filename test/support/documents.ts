/** The repository's own documents, as text and as what stands in them. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The repository's folder, with a slash at its end. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** @param path below the repository's folder, as in `docker/README.md`. */
export const documentAt = (path: string): string => readFileSync(`${ROOT}${path}`, 'utf8')

/** A fenced block. */
export type Snippet = {
  /** The word behind the fence; empty when there is none. */
  readonly language: string
  /** Its text, with the line break at its end. */
  readonly text: string
  /** The line it begins on, to find it by. */
  readonly line: number
}

/** The fenced blocks of one language, in their order. */
export const snippets = (
  language: string,
  document = documentAt('README.md'),
): readonly Snippet[] =>
  [...document.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
    .map(([, word = '', text = ''], index, all) => ({
      language: word,
      text,
      line: document.slice(0, all[index]?.index).split('\n').length + 1,
    }))
    .filter((snippet) => snippet.language === language)

/** Where the documents say that tolk listens. */
export const LISTENS_AT = 'http://127.0.0.1:11435'

/** A snippet for the tolk of a test. */
export const aimedAt = ({ text }: Snippet, url: string): string => text.replaceAll(LISTENS_AT, url)

/** What stands between backquotes, outside of fenced blocks. */
export const codeSpans = (document: string): readonly string[] =>
  [...document.replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/`([^`\n]+)`/g)].map(
    ([, code = '']) => code,
  )

/** The rows of every table that has this heading in its first column, as the texts of their cells. */
export const tableRows = (document: string, heading: string): readonly (readonly string[])[] =>
  document
    .split(/\n{2,}/)
    .filter((block) => cellsOf(block)[0] === heading)
    .flatMap((block) => block.trim().split('\n').slice(2).map(cellsOf))

const cellsOf = (row: string): readonly string[] =>
  row
    .split('\n', 1)
    .join('')
    .replaceAll(/^\| ?| ?\|$/g, '')
    .split(' | ')
    .map((cell) => cell.trim())
