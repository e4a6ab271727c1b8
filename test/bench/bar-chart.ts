/** A chart of bars as SVG, written by hand: readable on light and on dark, without a script or a font of its own. */
import { numberText } from './number-text.ts'

export type BarChart = {
  /** Of its file, without the ending. */
  readonly name: string
  readonly title: string
  /** What the bars measure, and which way is better. */
  readonly subtitle: string
  readonly bars: readonly Bar[]
  /** Lines that the bars are held against. */
  readonly marks?: readonly { readonly value: number; readonly label: string }[]
}

export type Bar = {
  readonly label: string
  readonly value: number
  /** Behind the number; nothing where the subtitle says it. */
  readonly note?: string
  /** A short line in its row: what it is after. */
  readonly goal?: number
  /** `ours` stands out, `missed` warns. */
  readonly tone?: 'ours' | 'other' | 'missed'
}

const WIDTH = 760
const LABELS = 250
const NUMBERS = 110
const ROW = 26
const BAR = 16
const TOP = 66
const BOTTOM = 16

export const barChartSvg = ({ title, subtitle, bars, marks = [] }: BarChart): string => {
  const most = Math.max(...bars.map(({ value }) => value), ...marks.map(({ value }) => value), 0)
  const room = WIDTH - LABELS - NUMBERS
  const lengthOf = (value: number): number => (most === 0 ? 0 : (Math.max(value, 0) / most) * room)
  const height = TOP + bars.length * ROW + BOTTOM
  const rows = bars.map(({ label, value, note = '', goal, tone = 'other' }, index) => {
    const y = TOP + index * ROW
    const length = Math.max(lengthOf(value), 1)
    return [
      text(LABELS - 10, y + BAR - 3, label, 'end', tone === 'other' ? 'label' : 'label strong'),
      `<rect class="${tone}" x="${LABELS}" y="${y}" width="${px(length)}" height="${BAR}" rx="2"/>`,
      // In a column of their own, where no line crosses them.
      text(WIDTH - 24, y + BAR - 3, `${numberText(value)}${note}`, 'end', 'label'),
      goal === undefined ? '' : line('goal', LABELS + lengthOf(goal), y - 2, y + BAR + 2),
    ].join('\n')
  })
  const lines = marks.map(({ value, label }) => {
    const x = LABELS + lengthOf(value)
    return [
      line('mark', x, TOP - 6, height - BOTTOM + 2),
      text(x, TOP - 10, label, 'middle', 'small'),
    ].join('\n')
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(title)}">
<style>${STYLE}</style>
<rect class="page" width="${WIDTH}" height="${height}" rx="6"/>
${text(16, 24, title, 'start', 'title')}
${text(16, 42, subtitle, 'start', 'small')}
${[...lines, ...rows].join('\n')}
</svg>
`
}

/** It brings its own page, so that it can be read whatever it is laid on. */
const STYLE = `
text { font: 12px system-ui, -apple-system, 'Segoe UI', sans-serif; fill: #24292f }
.title { font-size: 15px; font-weight: 600 } .strong { font-weight: 600 } .small { font-size: 11px; fill: #57606a }
.page { fill: #ffffff } .ours { fill: #0969da } .other { fill: #afb8c1 } .missed { fill: #cf222e }
.mark { stroke: #57606a; stroke-dasharray: 3 3 } .goal { stroke: #24292f; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .small { fill: #9198a1 }
.page { fill: #0d1117 } .ours { fill: #4493f8 } .other { fill: #656c76 } .missed { fill: #f85149 }
.mark { stroke: #9198a1 } .goal { stroke: #e6edf3 }
}
`

const text = (x: number, y: number, content: string, anchor: string, kind: string): string =>
  `<text class="${kind}" x="${px(x)}" y="${px(y)}" text-anchor="${anchor}">${escaped(content)}</text>`

const line = (kind: string, x: number, from: number, to: number): string =>
  `<line class="${kind}" x1="${px(x)}" x2="${px(x)}" y1="${px(from)}" y2="${px(to)}"/>`

const px = (value: number): string => String(Math.round(value * 10) / 10)

const escaped = (content: string): string =>
  content
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
