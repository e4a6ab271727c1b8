/** A load on all variants, one after the other, round by round in rotated order: the ground of every ratio. */
import { cpuTotal } from './accounting.ts'
import { type Load, type Loaded, clientNews } from './news.ts'
import { noiseRemark, QUIET } from './patience.ts'
import { hearNews, startOwn, stop } from './processes.ts'
import type { Setting } from './setting.ts'
import { median, ratios } from './statistics.ts'
import { type Standing, startUpstream, type VariantName } from './variants.ts'

/** How each window is loaded. */
export type Pace = Pick<Load, 'model' | 'connections' | 'spreadMs' | 'warmMs' | 'windowMs'>

export type Comparison = {
  readonly names: readonly VariantName[]
  /** Measured in every other round: what only has to be known, not to be told apart. */
  readonly references?: readonly VariantName[]
  readonly pace: Pace
}

/** What was measured; a round in which a variant sat out, or failed, is undefined. */
export type Windows = {
  readonly names: readonly VariantName[]
  of(name: VariantName): readonly (Loaded | undefined)[]
  readonly faults: readonly string[]
}

/**
 * Before the first round: connections are made, and code is compiled, which takes some ten thousand requests. What
 * is told apart is to be what it is after its first seconds: measured from the start, tolk has half its throughput.
 */
const WARM_UP_MS = { compared: 7000, reference: 2500 }
/** Beyond its own times, a window may take so long, ms. */
const SLACK_MS = 15_000

export const sideBySide = async (
  setting: Setting,
  { names, references = [], pace }: Comparison,
): Promise<Windows> => {
  const upstream = await startUpstream()
  const client = startOwn('load-client.ts', 'harness')
  await hearNews(client, clientNews, 'ready', SLACK_MS)
  const faults: string[] = []
  const standing: Standing[] = []
  for (const name of names) {
    const placing = { upstreamPort: upstream.port, folder: setting.folder }
    try {
      standing.push(await setting.variants.start(name, placing))
    } catch (error) {
      faults.push(
        `${name} did not start: ${error instanceof Error ? error.message : String(error)}`,
      )
    }
  }

  const load = async (proxy: Standing, at: Pace): Promise<Loaded> => {
    const { port, path, headers, speech, mayDropReasoning } = proxy
    const watch = { proxy: proxy.process?.pid ?? null, upstream: upstream.pid }
    const target = { port, path, headers, speech, mayDropReasoning }
    const order: Load = { order: 'load', ...target, ...at, watch }
    const lastsMs = at.spreadMs + at.warmMs + at.windowMs
    const heard = hearNews(client, clientNews, 'loaded', lastsMs + SLACK_MS)
    client.send(order)
    return heard
  }

  const windows = new Map<VariantName, (Loaded | undefined)[]>(names.map((name) => [name, []]))
  try {
    for (const proxy of standing) {
      const windowMs = WARM_UP_MS[references.includes(proxy.name) ? 'reference' : 'compared']
      await load(proxy, { ...pace, spreadMs: 0, warmMs: 0, windowMs })
    }
    for (let round = 0; round < setting.rounds; round++) {
      for (const proxy of rotated(standing, round)) {
        if (round % 2 === 1 && references.includes(proxy.name)) continue
        const { result: window } = await setting.patience.measure(() => load(proxy, pace), isQuiet)
        const list = windows.get(proxy.name)
        if (list !== undefined) list[round] = window
        faults.push(...window.faults.map((fault) => `${proxy.name}: ${fault}`))
      }
    }
  } finally {
    await Promise.all([...standing.map((one) => one.stop()), stop(client), stop(upstream.process)])
  }
  return {
    names: standing.map(({ name }) => name),
    of: (name) => Array.from(windows.get(name) ?? []),
    faults: [...new Set(faults)],
  }
}

/** No variant is always the first, or always behind the same one. */
const rotated = <T>(things: readonly T[], round: number): readonly T[] => {
  const at = things.length === 0 ? 0 : (round * 7) % things.length
  return [...things.slice(at), ...things.slice(0, at)]
}

/** Cores that others used meanwhile; none where the platform does not tell. */
const foreignCores = ({ cpu, seconds }: Loaded): number => {
  if (cpu === null) return 0
  const ours = cpuTotal(cpu.upstream) + cpuTotal(cpu.client)
  return (cpu.everything - ours - (cpu.proxy === null ? 0 : cpuTotal(cpu.proxy))) / seconds
}

const isQuiet = (window: Loaded): boolean => foreignCores(window) < QUIET

/** A figure of each round. */
export const each = (
  windows: Windows,
  name: VariantName,
  figure: (window: Loaded) => number | undefined,
): readonly (number | undefined)[] =>
  windows.of(name).map((window) => (window === undefined ? undefined : figure(window)))

/** Its median; undefined when there is none. */
export const middle = (
  windows: Windows,
  name: VariantName,
  figure: (window: Loaded) => number | undefined,
): number | undefined => {
  const samples = each(windows, name, figure).filter((value) => value !== undefined)
  return samples.length === 0 ? undefined : median(samples)
}

export const ratioTo = (
  windows: Windows,
  name: VariantName,
  base: VariantName,
  figure: (window: Loaded) => number | undefined,
): readonly number[] => ratios(each(windows, name, figure), each(windows, base, figure))

/** CPU of the proxy, µs, for each of what was counted. */
export const cpuPer =
  (count: 'tokens' | 'answers') =>
  ({ cpu, [count]: counted }: Loaded): number | undefined =>
    cpu?.proxy == null || counted === 0 ? undefined : (cpuTotal(cpu.proxy) / counted) * 1e6

export const tokensPerSecond = ({ tokens, seconds }: Loaded): number => tokens / seconds

/** How much of its core the harness used: near 1, it is what limits. */
export const harnessShare = ({ cpu, seconds }: Loaded): number | undefined =>
  cpu === null ? undefined : (cpuTotal(cpu.upstream) + cpuTotal(cpu.client)) / seconds

/** What has to be said of figures from these variants: noise, and a harness at its limit. */
export const remarksOn = (windows: Windows, names: readonly VariantName[]): readonly string[] => {
  const all = names.flatMap((name) => windows.of(name)).filter((window) => window !== undefined)
  const limited = names.flatMap((name) => {
    const share = middle(windows, name, harnessShare) ?? 0
    return share < LIMIT ? [] : [`${name} (${share.toFixed(2)} of its core)`]
  })
  return [
    ...(limited.length === 0 ? [] : [`the harness limits ${limited.join(', ')}`]),
    ...noiseRemark(all.map((result) => ({ result, isQuiet: isQuiet(result) }))),
  ]
}

/** A harness that uses more of its core than this is a limit itself. */
const LIMIT = 0.9

/** Why CPU figures are missing on this platform. */
export const NO_ACCOUNTS = 'CPU is not measured on this platform: it has no /proc'
