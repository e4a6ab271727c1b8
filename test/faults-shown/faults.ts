/**
 * The twenty faults that most proxies fail, to watch: `npm run -s faults` lists them, `npm run -s faults -- U-23`
 * plays one and prints what went over the wire, `npm run -s faults -- all` plays them all.
 *
 * Exit codes: 0 all as promised, 1 not, 2 wrongly asked.
 */
import { EXAMPLES } from './examples.ts'
import { isAsPromised, perform } from './perform.ts'
import { listed, printed } from './printed.ts'

const [asked, ...others] = process.argv.slice(2)

/** By the id of a row, or by the place. */
const found = EXAMPLES.filter(
  ({ rows, place }) => rows.includes(asked?.toUpperCase() ?? '') || String(place) === asked,
)

if (asked === undefined) {
  for (const example of EXAMPLES) console.log(listed(example))
  console.log('\nOne of them: npm run -s faults -- U-23. All of them: npm run -s faults -- all.')
} else if (asked === 'all' && others.length === 0) {
  for (const example of EXAMPLES) {
    const performance = await perform(example)
    const isFine = isAsPromised(performance)
    const took = `${Math.round(performance.tookMs)} ms`
    console.log(`${isFine ? '✓' : '✗'} ${listed(example)} (${took})`)
    if (isFine) continue
    console.log(`\n${printed(performance)}\n`)
    process.exitCode = 1
  }
} else if (found.length > 0 && others.length === 0) {
  for (const example of found) {
    const performance = await perform(example)
    console.log(`${printed(performance)}\n`)
    if (!isAsPromised(performance)) process.exitCode = 1
  }
} else {
  console.error(`There is no example "${process.argv.slice(2).join(' ')}". These there are:\n`)
  for (const example of EXAMPLES) console.error(listed(example))
  process.exitCode = 2
}
