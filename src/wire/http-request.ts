/** The head of an HTTP/1.1 request, as octets; what HTTP cannot carry is refused. */

/** A name or value that would end its line, or mean something else to the other side, and which one. */
export class UnfitForHttp extends Error {
  override readonly name = 'UnfitForHttp'
}

/**
 * Header lines, each with its CRLF.
 *
 * @throws UnfitForHttp for names that are no token (RFC 9110 § 5.6.2), for values with a control
 * character or one beyond U+00FF (§ 5.5), and for names that say how the message is cut: those are
 * written here or by nobody.
 */
export const encodeFields = (fields: Readonly<Record<string, string>>): string => {
  let lines = ''
  for (const [name, value] of Object.entries(fields)) {
    if (!TOKEN.test(name)) throw new UnfitForHttp('a header name that is no token')
    if (FRAMING.has(name.toLowerCase())) throw new UnfitForHttp(`the header ${name} is not given`)
    if (!FIELD_VALUE.test(value)) throw new UnfitForHttp(`the value of the header ${name}`)
    lines += `${name}: ${value}\r\n`
  }
  return lines
}

/**
 * The request line.
 *
 * @param target path and query, escaped as they are to be sent.
 * @throws UnfitForHttp for a target with blanks, control characters, or one beyond U+00FF.
 */
export const encodeRequestLine = (method: 'GET' | 'POST', target: string): string => {
  if (!TARGET.test(target)) throw new UnfitForHttp('a path that is not escaped')
  return `${method} ${target} HTTP/1.1\r\n`
}

const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/
const FIELD_VALUE = /^[\t\u0020-\u007e\u0080-\u00ff]*$/
const TARGET = /^\/[\u0021-\u007e\u0080-\u00ff]*$/

/** How a message is cut, where it goes, and what becomes of its connection. */
const FRAMING: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
