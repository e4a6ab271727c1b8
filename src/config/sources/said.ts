/** What one source says: values, option by option, before any of them is checked. */
import { readBaseUrl } from '../base-url.ts'
import { type Option, UPSTREAM_NAME } from '../options.ts'
import { type Origin, originText } from '../origin.ts'
import { readWritten } from '../written-value.ts'

/** One option, given a value by one source. */
export type Assignment = {
  readonly path: readonly string[]
  readonly value: unknown
  readonly origin: Origin
  /** Of a credential, the address it was given for; absent when it was given for none in particular. */
  readonly meantFor?: string
}

export type Said = {
  readonly assignments: readonly Assignment[]
  /** One sentence for each thing that cannot be. */
  readonly problems: readonly string[]
}

/** An option's path, with the upstream's name in its place. */
export const placed = ({ path }: Option, upstream: string): readonly string[] =>
  path.map((key) => (key === UPSTREAM_NAME ? upstream : key))

/** An option given as text, by a variable or a flag. */
export const written = (
  option: Option,
  text: string,
  origin: Origin,
  upstream: string,
): Assignment => ({
  path: placed(option, upstream),
  value: readWritten(text, option.node),
  origin,
})

/**
 * Addresses put in order, and the user and password found in one made a Basic credential of the same
 * source: what is kept as the address may be shown. The credentials of a source are meant for its address.
 */
export const withReadUrls = (assignments: readonly Assignment[]): Said => {
  const problems: string[] = []
  const read = assignments.flatMap((assignment) => {
    const { path, value, origin } = assignment
    const upstream = path.slice(0, 2)
    if (path[0] !== 'upstreams' || path[2] !== 'baseUrl' || typeof value !== 'string') {
      return [assignment]
    }
    const url = readBaseUrl(value)
    if (typeof url === 'string') {
      problems.push(`${sourceOf(assignment)} ${url}.`)
      return []
    }
    if (url.user === null) return [{ path, value: url.url, origin }]
    if (assignments.some((other) => CREDENTIALS.test(other.path.slice(2).join('.')))) {
      problems.push(
        `${sourceOf(assignment)} has a user and password in it, and another credential stands beside it; leave one.`,
      )
    }
    return [
      { path, value: url.url, origin },
      { path: [...upstream, 'auth', 'basic', 'username'], value: url.user.username, origin },
      { path: [...upstream, 'auth', 'basic', 'password'], value: url.user.password, origin },
    ]
  })
  return { assignments: meantForTheirAddress(read), problems }
}

const meantForTheirAddress = (assignments: readonly Assignment[]): readonly Assignment[] => {
  const address = assignments.find(({ path }) => path[0] === 'upstreams' && path[2] === 'baseUrl')
  const meantFor = address?.value
  if (typeof meantFor !== 'string') return assignments
  return assignments.map((assignment) => {
    const { path, value, origin } = assignment
    return isCredential(path) ? { path, value, origin, meantFor } : assignment
  })
}

/** Whether the option at this path says who we are to the upstream. */
export const isCredential = ([section, , ...option]: readonly string[]): boolean =>
  section === 'upstreams' && (CREDENTIALS.test(option.join('.')) || option[1] === 'headers')

const CREDENTIALS = /^(?:apiKey|apiKeyFile|auth\.basic\..*)$/

const sourceOf = ({ path, origin }: Assignment): string =>
  origin.kind === 'file' ? `\`${path.join('.')}\` in ${origin.file}` : `\`${originText(origin)}\``
