/** Pictures and sounds in a message: data URLs and base64 of any make become plain base64. */
import type { Media } from '../../chat/request.ts'
import { invalid, unsupported } from './refusal.ts'

/**
 * The picture behind an `image_url`: in a data URL, or somewhere to be fetched from.
 *
 * @param mayFetch whether pictures are fetched at all.
 * @throws Failed `unsupported-parameter` for http(s) where they are not, `invalid-request` for anything else.
 */
export const decodeImage = (url: string, param: string, mayFetch = false): Media => {
  const { scheme } = SCHEME.exec(url)?.groups ?? {}
  if (scheme !== undefined && /^https?$/i.test(scheme)) {
    if (mayFetch) return { kind: 'image', base64: '', from: { url, param } }
    throw unsupported(param, `tolk fetches no pictures from the network: ${SEND_DATA_URL}.`)
  }
  const comma = url.indexOf(',')
  if (scheme?.toLowerCase() !== 'data' || comma === -1) throw invalid(param, `${SEND_DATA_URL}.`)
  const [type = '', ...rest] = url
    .slice(url.indexOf(':') + 1, comma)
    .toLowerCase()
    .split(';')
    .map((word) => word.trim())
  if (type !== '' && !type.startsWith('image/')) {
    throw invalid(param, `the data URL holds no picture: ${SEND_DATA_URL}.`)
  }
  if (rest.at(-1) !== 'base64')
    throw invalid(param, `the data URL is not base64: ${SEND_DATA_URL}.`)
  return { kind: 'image', base64: plain(unescaped(url.slice(comma + 1), param), param) }
}

/** The sound of an `input_audio` part, wav or mp3: Ollama tells them apart by their first bytes. */
export const decodeAudio = (data: string, param: string): Media => ({
  kind: 'audio',
  base64: plain(data, param),
})

const SEND_DATA_URL = 'send the picture as a data URL, data:image/png;base64,…'

const SCHEME = /^\s*(?<scheme>[a-z][a-z0-9+.-]*):/i

/** A data URL's body may be percent-encoded, base64 or not (https://fetch.spec.whatwg.org/#data-urls). */
const unescaped = (text: string, param: string): string => {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalid(param, NOT_BASE64)
  }
}

/** The standard alphabet, padded, without line ends: all that Go's decoder in Ollama takes. */
const plain = (text: string, param: string): string => {
  if (isPlain(text)) return text
  const digits = withoutPadding(text.replace(/\s+/g, '').replaceAll('-', '+').replaceAll('_', '/'))
  if (digits === '') throw invalid(param, 'it is empty.')
  if (FOREIGN.test(digits) || digits.length % 4 === 1) throw invalid(param, NOT_BASE64)
  return digits.padEnd(Math.ceil(digits.length / 4) * 4, '=')
}

/**
 * Pictures are most of what is ever sent, and plain: `atob` takes 4 ms for 10 MB, a regular expression 10.
 * It overlooks white space, which then is missing from what it makes.
 */
const isPlain = (text: string): boolean => {
  if (text === '' || text.length % 4 !== 0) return false
  const groups = text.length / 4
  try {
    return atob(text).length === groups * 3 - (text.length - withoutPadding(text).length)
  } catch {
    return false
  }
}

const withoutPadding = (text: string): string =>
  text.endsWith('=') ? text.slice(0, text.endsWith('==') ? -2 : -1) : text

const NOT_BASE64 = 'it is not valid base64.'
const FOREIGN = /[^A-Za-z0-9+/]/
