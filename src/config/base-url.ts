/** An upstream's address as people write it → origin and prefix, and the credential found in it. */
import { hasWrongPort, readOllamaHost } from './ollama-host.ts'

export type BaseUrl = {
  /** Origin and path prefix, without a trailing slash; may be shown. */
  readonly url: string
  /** What stood before the `@`, decoded. */
  readonly user: { readonly username: string; readonly password: string } | null
}

/**
 * Understands a pasted `/v1` or `/api` at the end, a route of theirs included, keeps any other path as a prefix, and reads an
 * address without a scheme as Ollama reads OLLAMA_HOST, but for a port that is none, which is not overlooked here. A string is what is wrong with it, as the rest
 * of a sentence that begins with the option's name; it never repeats the address, which may hold a
 * password.
 */
export const readBaseUrl = (text: string): BaseUrl | string => {
  const trimmed = text.trim()
  const isWhole = trimmed.includes('://')
  const url = URL.parse(isWhole ? trimmed : readOllamaHost(trimmed))
  if (url === null || (!isWhole && hasWrongPort(trimmed))) return `is not an address; ${EXAMPLES}`
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return `must begin with http:// or https://; ${EXAMPLES}`
  }
  if (url.search !== '' || url.hash !== '') return `must not have a ? or # in it; ${EXAMPLES}`
  // What a password's own slash leaves behind would be shown, and the user's name be taken for the host.
  if (url.pathname.includes('@')) {
    return 'must not have an @ behind its host; in a password write %2F for /, %3F for ? and %23 for #'
  }
  // The parser has resolved the dots; what it leaves as it is, a server may read as a way up.
  if (ESCAPED.test(url.pathname)) return `must not have an escaped slash in its path; ${EXAMPLES}`
  const host = url.hostname === '0.0.0.0' ? '127.0.0.1' : url.hostname.replace('[::]', '[::1]')
  const port = url.port === '' ? '' : `:${url.port}`
  return { url: `${url.protocol}//${host}${port}${prefixOf(url.pathname)}`, user: userOf(url) }
}

/** A slash of either kind, or a control character. */
const ESCAPED = /%(?:2f|5c|[01][\da-f]|7f)/i

const EXAMPLES = 'write it as http://host:11434 or https://host/prefix'

// A doubled slash would be answered with a redirect, by Go's mux and by many proxies.
const prefixOf = (path: string): string =>
  path
    .replace(/\/{2,}/g, '/')
    .replace(/\/$/, '')
    .replace(/\/(?:v1(?:\/(?:chat\/completions|models))?|api(?:\/(?:chat|generate|tags))?)$/, '')

const userOf = ({ username, password }: URL): BaseUrl['user'] =>
  username === '' && password === ''
    ? null
    : { username: decoded(username), password: decoded(password) }

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
