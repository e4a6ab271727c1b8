/** The kind of machine that the bench ran on, in words that name no machine. */
import { readFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'

export const machineText = (): string => {
  const processors = cpus()
  const count = processors.length
  const memory = Math.round(totalmem() / 1024 ** 3)
  const kind = isVirtual() ? 'a virtual machine' : 'a machine'
  return `${kind} with ${count} ${count === 1 ? 'core' : 'cores'} of ${familyOf(processors[0]?.model ?? '')} and ${memory} GB of memory, ${SYSTEMS[process.platform] ?? process.platform}, Node ${process.versions.node}`
}

const SYSTEMS: { readonly [platform: string]: string } = {
  linux: 'Linux',
  darwin: 'macOS',
  win32: 'Windows',
}

const FAMILIES = [
  'AMD EPYC',
  'AMD Ryzen',
  'Intel Xeon',
  'Intel Core',
  'Apple M',
  'Neoverse',
  'Graviton',
] as const

/** The family alone, not the model: `AMD EPYC (x64)`. */
export const familyOf = (model: string): string => {
  const plain = model.replaceAll(/\((?:R|TM)\)/g, '')
  const found = FAMILIES.find((family) => plain.includes(family))
  return `${found === 'Apple M' ? 'Apple silicon' : (found ?? 'another family')} (${process.arch})`
}

const isVirtual = (): boolean => {
  try {
    return /^flags\s*:.*\bhypervisor\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'))
  } catch {
    return false
  }
}
