/** What the TOLK_… variables say. */
import { nearest } from '../../nearest.ts'
import { readKeyList } from '../client-keys.ts'
import type { Environment } from '../interpolate.ts'
import { type Option, options, UPSTREAM_NAME, variableOf } from '../options.ts'
import type { Origin } from '../origin.ts'
import { isQuoted, quoted } from './quoted.ts'
import { type Assignment, placed, type Said, withReadUrls, written } from './said.ts'

/** Names the file; no option of it. */
export const CONFIG_VARIABLE = 'TOLK_CONFIG'

/** A variable that is set to nothing counts as not set, for compose files write them so. */
export const saidByEnvironment = (environment: Environment, upstream: string): Said => {
  const assignments: Assignment[] = []
  const problems: string[] = []
  for (const [name, text = ''] of Object.entries(environment)) {
    // A blank may belong to a password; anywhere else it is a slip.
    const value = byVariable.get(name)?.node.writeOnly === true ? text : text.trim()
    if (!name.startsWith('TOLK_') || name === CONFIG_VARIABLE || text.trim() === '') continue
    if (isServiceLink(name, value)) continue
    if (isQuoted(text)) {
      problems.push(quoted(name))
      continue
    }
    const option = byVariable.get(name)
    if (option === undefined) problems.push(unknown(name))
    else assignments.push(assigned(option, value, { kind: 'environment', name }, upstream))
  }
  const said = withReadUrls(assignments)
  return { ...said, problems: [...problems, ...said.problems] }
}

const byVariable = new Map(options.map((option) => [option.environment, option]))

const assigned = (option: Option, text: string, origin: Origin, upstream: string): Assignment =>
  option.environment === 'TOLK_API_KEYS'
    ? { path: placed(option, upstream), value: readKeyList(text), origin }
    : written(option, text, origin, upstream)

const unknown = (name: string): string => {
  const [guess = ''] = nearest(
    name,
    [...byVariable.keys(), ...bySpelling.keys(), CONFIG_VARIABLE],
    1,
  )
  const meant = bySpelling.get(guess) ?? guess
  const advice =
    meant === '' ? 'unset it, or see the README for those there are' : `did you mean \`${meant}\`?`
  return `unknown variable \`${name}\`: ${advice}`
}

// Whoever spells out the path, TOLK_SERVER_PORT, is told the short name.
const bySpelling = new Map(
  options.map(({ path, environment }) => [
    variableOf(path.filter((key) => key !== UPSTREAM_NAME)),
    environment,
  ]),
)

// Kubernetes and `docker --link` put the addresses of a service named `tolk` into the environment of
// its neighbours, TOLK_PORT=tcp://10.0.0.7:11435 among them.
const isServiceLink = (name: string, value: string): boolean =>
  /^TOLK_(?:.+_)?(?:SERVICE_(?:HOST|PORT(?:_.+)?)|PORT_\d+_(?:TCP|UDP|SCTP)(?:_.+)?)$/.test(name) ||
  (name.endsWith('_PORT') && /^(?:tcp|udp|sctp):\/\//.test(value))
