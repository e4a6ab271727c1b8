/** The words of credentials, so that no error of an upstream's repeats them. */
import { Buffer } from 'node:buffer'

/** Shorter ones would be found where they are not meant. */
const SHORTEST = 4

/**
 * Takes out of a text each header's value, what follows its scheme, and the user name and password of a Basic one.
 *
 * @param credentials the headers of each, as they are sent.
 */
export const hiding = (
  ...credentials: readonly Readonly<Record<string, string>>[]
): ((text: string) => string) => {
  const words = credentials
    .flatMap((headers) => Object.values(headers))
    .flatMap(wordsOf)
    .filter((word) => word.length >= SHORTEST)
    // What is part of another would leave the rest of it.
    .toSorted((a, b) => b.length - a.length)
  return (text) => words.reduce((rest, word) => rest.replaceAll(word, '…'), text)
}

const wordsOf = (value: string): readonly string[] => {
  const [, scheme = '', token = ''] = /^(\S+) +(.+)$/.exec(value) ?? []
  if (token === '') return [value]
  if (scheme.toLowerCase() !== 'basic') return [value, token]
  const pair = Buffer.from(token, 'base64').toString('utf8')
  const colon = pair.indexOf(':')
  return [value, token, pair, pair.slice(colon + 1), pair.slice(0, Math.max(0, colon))]
}
