/** Model names as Ollama reads them (`types/model/name.go`): parts, defaults, case. */

/** The name in full, as an error about missing abilities shows it; `null` when it is no name. */
export const fullName = (name: string): string | null => {
  const parts = PARTS.exec(name.trim())
  if (parts === null) return null
  const [, host, namespace, model, tag] = parts
  return `${host ?? 'registry.ollama.ai'}/${namespace ?? 'library'}/${model}:${tag ?? 'latest'}`
}

/** The shortest name that means the same, always with its tag. */
export const shortName = (name: string): string => {
  const full = fullName(name) ?? name
  return full.replace(/^registry\.ollama\.ai\/(library\/)?/, '')
}

/** Whether two names mean the same model: case does not count, `latest` goes without saying. */
export const isSameModel = (one: string, other: string): boolean =>
  shortName(one).toLowerCase() === shortName(other).toLowerCase()

const PART = '[A-Za-z0-9_][\\w.-]*'
const PARTS = new RegExp(`^(?:(?:(${PART}(?::\\d+)?)/)?(${PART})/)?(${PART})(?::(${PART}))?$`)
