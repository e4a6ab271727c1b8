/** An example that was played, as text: what went over both wires, the log's lines, and each promise. */
import { z } from 'zod'
import type { Example } from './example.ts'
import type { Performance } from './perform.ts'
import type { Say } from './wire.ts'

/** Lines of a say, columns of a line, says of an example, lines and columns of the log: what is more is told as a number. */
const MOST = { lines: 26, columns: 150, says: 14, logged: 6, logColumns: 400 } as const

/** One line of the list. */
export const listed = ({ place, rows, promise }: Example): string =>
  `${String(place).padStart(2)}  ${rows[0].padEnd(5)} ${promise}`

/** All of it. */
export const printed = ({ example, kept, says, logged }: Performance): string => {
  const { place, rows, promise, story, others } = example
  return [
    `${rows.join(', ')}: ${promise}`,
    `(${place} of the 20 faults that most proxies fail, by damage)`,
    '',
    `What happens: ${story}`,
    `Elsewhere:    ${others}`,
    '',
    ...some(says.map(sayText), MOST.says, 'more turns on the wire').flatMap((text) => [text, '']),
    'The log of tolk',
    ...indented(
      some(
        logged.map((text) => cut(text, MOST.logColumns)),
        MOST.logged,
        'more lines',
      ),
    ),
    '',
    `The verdict of tolk: ${verdictIn(logged)}`,
    '',
    ...kept.map(({ what, isKept }) => `${isKept ? '✓' : '✗ BROKEN:'} ${what}`),
  ].join('\n')
}

const sayText = ({ from, to, connection, atMs, octets, size, reads, end }: Say): string => {
  const amount = size === 0 ? '' : `, ${size} bytes${reads > 1 ? ` in ${reads} reads` : ''}`
  const title = `${from} → ${to}, connection ${connection}, after ${Math.round(atMs)} ms${amount}`
  const text = octets.toString('utf8').replaceAll('\r\n', '\n').trimEnd()
  const lines =
    size === 0
      ? []
      : some(
          text.split('\n').map((each) => cut(each)),
          MOST.lines,
          'more lines',
        )
  const missing = size > octets.length ? [`… ${size - octets.length} more bytes`] : []
  const ending = end === null ? [] : [END[end]]
  return [title, ...indented([...lines, ...missing, ...ending])].join('\n')
}

const END = { FIN: '⟨ends its side⟩', RST: '⟨resets the connection⟩' } as const

/** The first ones and the last, and between them how many are left out. */
const some = (lines: readonly string[], most: number, what: string): readonly string[] => {
  if (lines.length <= most) return lines
  const last = 3
  const first = most - last - 1
  const left = lines.length - first - last
  return [...lines.slice(0, first), `… ${left} ${what}`, ...lines.slice(-last)]
}

const cut = (line: string, columns: number = MOST.columns): string => {
  const text = visible(line.trimEnd())
  return text.length <= columns ? text : `${text.slice(0, columns)}… (${text.length} characters)`
}

const visible = (text: string): string =>
  text.replaceAll(/\p{Cc}/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)

const indented = (lines: readonly string[]): readonly string[] =>
  lines.map((line) => (line === '' ? '' : `  ${line}`))

const request = z.object({ msg: z.literal('request'), status: z.int(), outcome: z.string() })

/** What the log calls each request, once. */
const verdictIn = (logged: readonly string[]): string => {
  const verdicts = logged.flatMap((line) => {
    const { data } = request.safeParse(JSON.parse(line))
    return data === undefined ? [] : [`${data.outcome} (${data.status})`]
  })
  return verdicts.length === 0 ? 'no request reached it' : [...new Set(verdicts)].join(', ')
}
