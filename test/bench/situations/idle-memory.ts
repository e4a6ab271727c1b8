/** 5,000 streams that are open and say next to nothing: what each of them holds. */
import { canAccount, residentBytes } from '../accounting.ts'
import { collectedMemory } from '../ask-inside.ts'
import { clientNews, type Hold, type Load } from '../news.ts'
import { cellText } from '../number-text.ts'
import { hearNews, startOwn, stop } from '../processes.ts'
import type { Findings, Setting, Situation } from '../setting.ts'
import { median } from '../statistics.ts'
import { type Standing, startUpstream, type VariantName } from '../variants.ts'
import { modelOf, WORKLOADS } from '../workload.ts'

const STREAMS = 5000
const KB = 1024

export const idleMemory: Situation = {
  name: 'idle-memory',
  title: 'Idle memory: 5,000 streams',
  about:
    '5,000 streams at once, each a token in five seconds; resident memory after a full collection, less what a fresh process had after a short load and a collection. What the kernel holds for sockets is not in it.',
  run: async (setting: Setting): Promise<Findings> => {
    const measured = new Map<VariantName, Held[]>()
    const faults: string[] = []
    for (const name of setting.variants.names.filter((one) => one !== 'direct')) {
      const times = name === 'tolk' ? Math.min(2, setting.rounds) : 1
      for (let time = 0; time < times; time++) {
        try {
          measured.set(name, [...(measured.get(name) ?? []), await holdStreams(setting, name)])
        } catch (error) {
          const why = `${name}: ${error instanceof Error ? error.message : String(error)}`
          // A guest that gives up is only missed.
          if (name === 'tolk') faults.push(why)
          else setting.say(why)
        }
      }
    }
    const perStream = (name: VariantName): readonly number[] =>
      (measured.get(name) ?? []).map(({ base, full, streams }) => (full - base) / streams / KB)
    const names = [...measured.keys()]
    return {
      figures: {
        'idle-memory': {
          samples: perStream('tolk'),
          remarks: remarksOn(measured.get('tolk') ?? []),
        },
      },
      tables: [
        {
          columns: [
            'variant',
            'streams',
            'base MB',
            'MB with the streams',
            'KB/stream',
            'of it JS heap',
          ],
          rows: names.map((name) => {
            const middle = (figure: (held: Held) => number | null): number | null => {
              const samples = (measured.get(name) ?? []).map(figure).filter((one) => one !== null)
              return samples.length === 0 ? null : median(samples)
            }
            return [
              name,
              (middle(({ streams }) => streams) ?? 0).toLocaleString('en-US'),
              cellText(middle(({ base }) => base / KB / KB)),
              cellText(middle(({ full }) => full / KB / KB)),
              cellText(median(perStream(name))),
              cellText(middle(({ heap, streams }) => (heap === null ? null : heap / streams / KB))),
            ]
          }),
        },
      ],
      charts: [
        {
          name: 'idle-memory',
          title: 'Memory per idle stream',
          subtitle: 'KB of resident memory for each open stream; less is better',
          bars: names.map((name) => ({
            label: name,
            value: median(perStream(name)),
            tone: name === 'tolk' ? ('ours' as const) : ('other' as const),
          })),
        },
      ],
      faults,
    }
  },
}

/** Bytes: of the process alone, with all streams, and how much of the difference is JavaScript's. */
type Held = {
  readonly streams: number
  readonly base: number
  readonly full: number
  readonly heap: number | null
}

const remarksOn = (held: readonly Held[]): readonly string[] => {
  const fewest = Math.min(...held.map(({ streams }) => streams))
  return held.length === 0 || fewest === STREAMS ? [] : [`only ${fewest} streams could be opened`]
}

/** The share of the streams that has to be open. */
const ENOUGH = 0.95
/** How long 5,000 streams may take to open, ms. */
const OPEN_MS = 30_000
/** What was freed is given back to the system a little later, ms. */
const SETTLE_MS = 1000

const holdStreams = async (setting: Setting, name: VariantName): Promise<Held> => {
  const upstream = await startUpstream()
  const client = startOwn('load-client.ts', 'harness')
  let proxy: Standing | undefined
  try {
    await hearNews(client, clientNews, 'ready', OPEN_MS)
    const { folder } = setting
    proxy = await setting.variants.start(name, {
      upstreamPort: upstream.port,
      folder,
      isAsked: true,
    })
    const { port, path, headers, speech, mayDropReasoning } = proxy
    const target = { port, path, headers, speech, mayDropReasoning }
    const warm: Load = {
      order: 'load',
      ...target,
      model: modelOf(WORKLOADS.coalesced),
      connections: 10,
      spreadMs: 0,
      warmMs: 0,
      windowMs: 700,
      watch: { proxy: null, upstream: upstream.pid },
    }
    client.send(warm)
    await hearNews(client, clientNews, 'loaded', OPEN_MS)
    const base = await settled(proxy)
    const held = hearNews(client, clientNews, 'held', OPEN_MS)
    const hold: Hold = {
      order: 'hold',
      ...target,
      model: modelOf(WORKLOADS.idle),
      connections: STREAMS,
    }
    client.send(hold)
    const { open, faults } = await held
    // On a busy machine the listening queue overflows: a few streams less make no other figure.
    if (open < STREAMS * ENOUGH) throw new Error(`${open} streams are open: ${faults.join(', ')}`)
    const full = await settled(proxy)
    const heap = base.heap === null || full.heap === null ? null : full.heap - base.heap
    return { streams: open, base: base.resident, full: full.resident, heap }
  } finally {
    await stop(client)
    await Promise.all([proxy?.stop(), stop(upstream.process)])
  }
}

/** Collects, waits, and asks again. */
const settled = async (proxy: Standing): Promise<{ resident: number; heap: number | null }> => {
  const pid = proxy.process?.pid ?? 0
  if (proxy.process?.connected !== true) {
    if (!canAccount) throw new Error('not measured on this platform')
    await after(2 * SETTLE_MS)
    return { resident: residentBytes(pid), heap: null }
  }
  await after(SETTLE_MS)
  await collectedMemory(proxy)
  await after(SETTLE_MS)
  const { rss, heap } = await collectedMemory(proxy)
  return { resident: rss, heap }
}

const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
