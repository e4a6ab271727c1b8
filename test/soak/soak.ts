/** `npm run soak`: hours of what can go wrong, in minutes; exits with 1 when one thing that must be zero is not. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { machineText } from '../bench/machine.ts'
import { buildPublished } from '../bench/published.ts'
import { helpText, readCommandLine, type CommandLine } from './command-line.ts'
import { drive } from './drive.ts'
import type { Inside } from './inside.ts'
import { askingOf } from './mix.ts'
import type { Phase, Soak, Verdict } from './phase.ts'
import { PHASES } from './phases.ts'
import { leaveNothingBehind } from './processes.ts'
import { seedOf } from './random.ts'
import { summary, verdictLine } from './report.ts'
import { startRig } from './rig.ts'
import { Tally } from './tally.ts'
import { startUpstream } from './upstream-process.ts'

/** Beyond its time by this factor, and so many ms, a soak is ended: something hangs that nobody thought of. */
const [MOST_FACTOR, MOST_EXTRA_MS] = [2, 120_000]
const WARM_UP = 500
const FULL_SECONDS = 600

const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

/** @returns the exit code. */
const run = async (commandLine: CommandLine): Promise<number> => {
  const { seconds, seed, only, program } = commandLine
  const began = performance.now()
  const folder = mkdtempSync(join(tmpdir(), 'tolk-soak-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  say(`A soak of ${seconds} s with seed ${seed}, on ${machineText()}.`)
  const entry = program === undefined ? await buildPublished(folder) : resolve(program)
  const soak = await begin(entry, folder, commandLine)
  const { tally } = soak
  const before = await warmUp(soak)

  const verdicts: Verdict[] = []
  for (const phase of PHASES) {
    if (only.length > 0 && !phase.ids.some((id) => only.includes(id))) continue
    say(`\n${phase.ids.join(', ')} ${phase.title}`)
    const found = await perform(phase, soak, phase.share * seconds * 1000)
    for (const verdict of found) say(verdictLine(verdict))
    verdicts.push(...found)
  }
  say(`\n${await leftOver(soak, before)}`)
  await soak.rig.close()
  await soak.upstream.kill()
  say(summary(tally, verdicts))
  say(`${((performance.now() - began) / 1000).toFixed(0)} s; --seed ${seed} draws the same.`)
  return tally.faults > 0 || verdicts.some(({ outcome }) => outcome === 'fail') ? 1 : 0
}

const begin = async (
  program: string,
  folder: string,
  { seed, seconds, isRough }: CommandLine,
): Promise<Soak> => {
  const tally = new Tally()
  const upstream = await startUpstream()
  let ids = 0
  let tolks = 0
  const start: Soak['start'] = (options, other = upstream) =>
    startRig(other, tally, isRough, {
      ...options,
      program,
      folder: join(folder, `tolk-${tolks++}`),
    })
  return {
    seed,
    upstream,
    rig: await start({}),
    tally,
    folder,
    program,
    seconds,
    scale: seconds / FULL_SECONDS,
    nextId: () => ids++,
    start,
  }
}

/** Whatever is wrong with a phase is its own matter: the next one is still of interest. */
const perform = async (phase: Phase, soak: Soak, ms: number): Promise<readonly Verdict[]> => {
  const { tally } = soak
  const before = tally.faults
  const verdicts = await phase.run(soak, ms).catch((error: unknown) => {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
    tally.complain({ zero: 'broken', count: 1, what })
    return phase.ids.map((id) => ({
      id,
      what: phase.title,
      outcome: 'fail' as const,
      figures: what,
    }))
  })
  const found = tally.faults - before
  return found === 0 ? verdicts : verdicts.map((verdict) => failed(verdict, found))
}

const failed = (verdict: Verdict, found: number): Verdict =>
  verdict.outcome === 'not here'
    ? verdict
    : { ...verdict, outcome: 'fail', figures: `${found} that should be zero; ${verdict.figures}` }

/** Code is compiled, modules are loaded. @returns what a tolk holds that has nothing to do. */
const warmUp = async (soak: Soak): Promise<Inside> => {
  const mix = { faults: 0.3, leaving: 0.1, whole: 0.3, slow: 0, deltas: 30, isPatient: false }
  await drive({ atOnce: 20, ms: Number.POSITIVE_INFINITY, most: WARM_UP }, () => {
    const id = soak.nextId()
    const { spec, manner } = askingOf(id, seedOf(soak.seed, id), mix)
    return soak.rig.hear(spec, manner)
  })
  await soak.rig.settle()
  await soak.rig.idle()
  return soak.rig.tolk.inside('counted')
}

/** Sockets, timers, answers and handles that the long-lived tolk holds more than before it all. */
const leftOver = async (soak: Soak, before: Inside): Promise<string> => {
  const { rig, tally } = soak
  tally.expect('left-over', 'connections upstream', await rig.idle(), 0)
  const more = ({ objects, resources }: Inside): readonly (readonly [string, number])[] => [
    ['sockets', objects.sockets - before.objects.sockets],
    ['timers', objects.timers - before.objects.timers],
    ['answers', objects.answers - before.objects.answers],
    ...Object.keys(resources).map(
      (name) => [name, (resources[name] ?? 0) - (before.resources[name] ?? 0)] as const,
    ),
  ]
  const after = await rig.rested('counted', (inside) =>
    more(inside).every(([, count]) => count <= 0),
  )
  for (const [what, count] of more(after)) {
    if (count > 0) tally.complain({ zero: 'left-over', count, what })
  }
  tally.expect('crashed', 'the long-lived tolk is alive', rig.tolk.isAlive(), true)
  const held = Object.entries(after.resources).map(([name, count]) => `${count} ${name}`)
  return `Left over in the long-lived tolk: ${more(after).filter(([, count]) => count > 0).length}; it holds ${after.objects.sockets} socket objects (${before.objects.sockets} before), ${after.objects.timers} timers (${before.objects.timers}), ${held.join(', ')}.`
}

const main = async (): Promise<number> => {
  let commandLine: CommandLine
  try {
    const known = PHASES.flatMap(({ ids }) => ids)
    commandLine = readCommandLine(process.argv.slice(2), known, Date.now() % 1_000_000)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    return 2
  }
  if (commandLine.isHelp) {
    say(helpText(PHASES))
    return 0
  }
  leaveNothingBehind()
  setTimeout(
    () => {
      process.stderr.write('The soak did not end in time.\n')
      process.exit(1)
    },
    commandLine.seconds * 1000 * MOST_FACTOR + MOST_EXTRA_MS,
  ).unref()
  return run(commandLine)
}

process.exit(await main())
