/** `npm run bench`: measures, prints every figure beside its gate and stretch, and writes the report. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type CommandLine, helpText, readCommandLine } from './command-line.ts'
import { machineText } from './machine.ts'
import { type Found, hasFailed, judgeAll, measure } from './measure.ts'
import { Patience } from './patience.ts'
import { canPin, leaveNothingBehind } from './processes.ts'
import { buildPublished } from './published.ts'
import { type Reported, verdictTable, writeReport } from './report.ts'
import type { Setting } from './setting.ts'
import { SITUATIONS } from './situations.ts'
import { terminalTable } from './table.ts'
import { findVariants } from './variants.ts'

const ROUNDS = 4
/** What all that was not quiet may cost together, ms. */
const PATIENCE_MS = 60_000
/** A situation that would begin later is left out: on a machine this busy no figure is worth more time. */
const LAST_START_MS = 315_000
/** Longer than this the bench never takes, ms. */
const DEADLINE_MS = 358_000

const NAMES = SITUATIONS.map(({ name }) => name)

const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

/** @returns the exit code. */
const run = async ({ situations, isQuick, portkey, program }: CommandLine): Promise<number> => {
  const folder = mkdtempSync(join(tmpdir(), 'tolk-bench-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const entry = program === undefined ? await buildPublished(folder) : resolve(program)
  const setting: Setting = {
    variants: findVariants(entry, portkey),
    program: entry,
    folder,
    rounds: isQuick ? 1 : ROUNDS,
    patience: new Patience(isQuick ? 0 : PATIENCE_MS),
    say,
  }
  for (const line of [`On ${machineText()}.`, ...missingOf(setting)]) say(line)

  const isWhole = situations.length === 0
  const chosen = SITUATIONS.filter(({ name }) => isWhole || situations.includes(name))
  const found = await measure(chosen, setting, LAST_START_MS)
  const verdicts = judgeAll(found, isWhole)
  say(`\nWhat tolk is held to\n${terminalTable(verdictTable(verdicts))}`)
  if (isWhole && !isQuick) {
    report(setting, verdicts, found)
    say('The report is test/bench/README.md.')
  }
  return hasFailed(verdicts, found) ? 1 : 0
}

const missingOf = ({ variants }: Setting): readonly string[] =>
  Object.entries(variants.missing).map(([name, why]) => `No ${name}: ${why}.`)

const report = (
  setting: Setting,
  verdicts: Reported['verdicts'],
  found: readonly Found[],
): void => {
  const hasPortkey = setting.variants.missing.Portkey === undefined
  const files = writeReport({
    verdicts,
    situations: found.map(
      ({ situation: { name, title, about }, findings: { tables, charts } }) => ({
        name,
        title,
        about,
        tables,
        charts,
      }),
    ),
    missing: missingOf(setting),
    machine: machineText(),
    isPinned: canPin,
    date: new Date().toISOString().slice(0, 'yyyy-mm-dd'.length),
    command: `npm run bench${hasPortkey ? ' -- --portkey …' : ''}`,
    rounds: setting.rounds,
    findings: readFileSync(here('findings.md'), 'utf8'),
  })
  for (const { name, text } of files) writeFileSync(here(name), text)
}

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

const main = async (): Promise<number> => {
  let commandLine: CommandLine
  try {
    commandLine = readCommandLine(process.argv.slice(2), NAMES, process.env)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    return 2
  }
  if (commandLine.isHelp) {
    process.stdout.write(helpText(NAMES))
    return 0
  }
  leaveNothingBehind()
  setTimeout(() => {
    process.stderr.write(`The bench did not end within ${DEADLINE_MS / 1000} s.\n`)
    process.exit(1)
  }, DEADLINE_MS).unref()
  return run(commandLine)
}

process.exit(await main())
