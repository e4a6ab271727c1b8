/** What processes have counted → the text that Prometheus reads. */
import { AggregatorRegistry, prometheusContentType } from 'prom-client'
import type { Measures } from './meters.ts'

/** `text/plain`, with the version of the format. */
export const contentType: string = prometheusContentType

/**
 * One text of them all, a metric's lines together. Each process has a label of its own, so that nothing
 * is added up here: a worker that died would take its part out of a sum, and a falling counter is
 * read as a restart of the whole.
 */
export const exposition = (processes: readonly Measures[]): Promise<string> => {
  // Left to themselves some would be added up, averaged or left out.
  const kept = processes.map((each) => each.map((metric) => ({ ...metric, aggregator: 'first' })))
  return AggregatorRegistry.aggregate(kept).metrics()
}
