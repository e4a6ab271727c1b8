/** What Ollama's own variables say: OLLAMA_HOST and OLLAMA_API_KEY. */
import type { ConfigFile } from '../config-file.ts'
import type { Environment } from '../interpolate.ts'
import { readOllamaHost } from '../ollama-host.ts'
import { valueAt } from '../tree.ts'
import { isQuoted, quoted } from './quoted.ts'
import { type Assignment, type Said, withReadUrls } from './said.ts'

/**
 * They count where the file does not say which Ollama is meant. The key is meant for OLLAMA_HOST, or for
 * the Ollama of this machine: whoever names another server must not send it there unasked.
 */
export const saidByOllama = (
  environment: Environment,
  file: ConfigFile | null,
  upstream: string,
): Said => {
  const fileSays = (...path: string[]) =>
    valueAt(file?.tree, ['upstreams', upstream, ...path]) !== undefined
  if (fileSays('baseUrl')) return { assignments: [], problems: [] }
  const assignments: Assignment[] = []
  const problems: string[] = []
  const { OLLAMA_HOST: host = '', OLLAMA_API_KEY: key = '' } = environment
  if (host.trim() !== '') {
    assignments.push({
      path: ['upstreams', upstream, 'baseUrl'],
      value: readOllamaHost(host),
      origin: { kind: 'environment', name: 'OLLAMA_HOST' },
    })
  }
  if (isQuoted(key)) problems.push(quoted('OLLAMA_API_KEY'))
  else if (
    key.trim() !== '' &&
    !fileSays('apiKey') &&
    !fileSays('apiKeyFile') &&
    !fileSays('auth')
  ) {
    assignments.push({
      path: ['upstreams', upstream, 'apiKey'],
      value: key.trim(),
      origin: { kind: 'environment', name: 'OLLAMA_API_KEY' },
      meantFor: THIS_MACHINE,
    })
  }
  const said = withReadUrls(assignments)
  return { ...said, problems: [...problems, ...said.problems] }
}

/** Ollama's own default, and ours. */
const THIS_MACHINE = readOllamaHost('')
