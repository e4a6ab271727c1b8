/** All that a server wrote on one connection, read as HTTP/1.1 says (RFC 9112), and no byte left over. */

export type Answer = {
  readonly status: number
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Whether the connection lasted until its end. */
  readonly isWhole: boolean
}

/** @throws when a byte does not belong to an answer. */
export const answersIn = (received: string): readonly Answer[] => {
  const answers: Answer[] = []
  let rest: Buffer = Buffer.from(received)
  while (rest.length > 0) {
    const end = rest.indexOf('\r\n\r\n')
    const head = rest.toString('latin1', 0, end === -1 ? rest.length : end)
    const [first = '', ...lines] = head.split('\r\n')
    const status = Number(/^HTTP\/1\.1 (\d{3}) [\w -]+$/.exec(first)?.[1])
    if (end === -1 || Number.isNaN(status)) throw new Error(`no answer: ${JSON.stringify(head)}`)
    const headers = Object.fromEntries(lines.map(fieldIn))
    const { body, isWhole, after } = bodyIn(rest.subarray(end + 4), status, headers)
    answers.push({ status, headers, body, isWhole })
    rest = after
  }
  return answers
}

const fieldIn = (line: string): readonly [name: string, value: string] => {
  const [, name = '', value = ''] = /^([\w-]+): ([\x20-\x7e]*)$/.exec(line) ?? []
  if (name === '') throw new Error(`no field: ${JSON.stringify(line)}`)
  return [name.toLowerCase(), value]
}

type Body = { readonly body: string; readonly isWhole: boolean; readonly after: Buffer }

const NOTHING = Buffer.alloc(0)

const bodyIn = (
  octets: Buffer,
  status: number,
  { 'content-length': length, 'transfer-encoding': coding }: Readonly<Record<string, string>>,
): Body => {
  if (status < 200) return { body: '', isWhole: true, after: octets }
  if (coding === 'chunked') return chunksIn(octets)
  // An answer to HTTP/1.0 may end with the connection.
  const size = length === undefined ? octets.length : Number(length)
  return {
    body: octets.toString('utf8', 0, size),
    isWhole: octets.length >= size,
    after: octets.length > size ? octets.subarray(size) : NOTHING,
  }
}

const chunksIn = (octets: Buffer): Body => {
  const pieces: Buffer[] = []
  for (let at = 0; ;) {
    const end = octets.indexOf('\r\n', at)
    const line = end === -1 ? '' : octets.toString('latin1', at, end)
    const size = /^[\da-f]+$/.test(line) ? Number.parseInt(line, 16) : Number.NaN
    const next = end + 2 + size + 2
    const body = Buffer.concat(pieces).toString('utf8')
    if (end === -1 || next > octets.length) return { body, isWhole: false, after: NOTHING }
    if (Number.isNaN(size) || octets.toString('latin1', next - 2, next) !== '\r\n') {
      throw new Error(`no chunk: ${JSON.stringify(octets.toString('latin1', at, at + 100))}`)
    }
    if (size === 0) return { body, isWhole: true, after: octets.subarray(next) }
    pieces.push(octets.subarray(end + 2, next - 2))
    at = next
  }
}
