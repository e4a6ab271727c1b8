/** One entry of `upstreams` → what the upstream room is handed. */
import type { ConfiguredModel } from '../catalog/configured-model.ts'
import type { ParamsRule, Tls, UpstreamConfig } from './config.ts'
import { credentialOf } from './credential.ts'
import { isLinkLocal } from './link-local.ts'
import { isLoopback } from './loopback.ts'
import type { Outside } from './outside.ts'
import { isKeyOf, pemFault } from './pem.ts'
import { apiKeySchema, type UpstreamSettings } from './schema.ts'
import { Secret } from './secret.ts'
import { servingOf } from './serving.ts'
import type { Path } from './tree.ts'

export const resolveUpstream = (
  name: string,
  settings: UpstreamSettings,
  rules: readonly ParamsRule[],
  outside: Outside,
): UpstreamConfig => {
  const path = ['upstreams', name]
  const { baseUrl, connectTimeoutMs, models } = settings
  const { headers, problems } = credentialOf(settings, (option, file) => {
    const text = outside.read([...path, ...option], file)
    if (text !== undefined) outside.warnIfOpen([...path, ...option], file)
    if (text === undefined || option.includes('basic')) return text
    if (apiKeySchema.safeParse(text).success) return text
    outside.complain([...path, ...option], 'names a file whose text cannot be sent in a header')
    return undefined
  })
  for (const { option, message } of problems) outside.complain([...path, ...option], message)
  if (isLinkLocal(new URL(baseUrl).hostname)) {
    outside.warn(
      [...path, 'baseUrl'],
      'is a link-local or metadata address, where clouds give out secrets; check that an Ollama is meant',
    )
  }
  const timeouts = {
    connectTimeoutMs: connectTimeoutMs ?? (isLoopback(new URL(baseUrl).hostname) ? 5000 : 10_000),
    firstByteTimeoutMs: settings.firstByteTimeoutMs,
    idleTimeoutMs: settings.idleTimeoutMs,
    totalTimeoutMs: settings.totalTimeoutMs,
    metaTimeoutMs: settings.metaTimeoutMs,
    keepAliveTimeoutMs: settings.keepAliveTimeoutMs,
  }
  return {
    name,
    baseUrl,
    headers: new Secret(headers),
    tls: new Secret(resolveTls(settings, path, outside)),
    ...timeouts,
    maxLineBytes: settings.maxLineBytes,
    maxResponseBytes: settings.maxResponseBytes,
    models:
      models === undefined ? null : resolveModels(models, rules, [...path, 'models'], outside),
  }
}

const resolveModels = (
  models: NonNullable<UpstreamSettings['models']>,
  rules: readonly ParamsRule[],
  path: Path,
  outside: Outside,
): readonly ConfiguredModel[] => {
  const firsts = new Map<string, number>()
  for (const [index, { id }] of models.entries()) {
    const first = firsts.get(id)
    if (first === undefined) {
      firsts.set(id, index)
      continue
    }
    outside.complain(
      [...path, index, 'id'],
      `is that of models[${first}] too; each model is listed once`,
    )
  }
  return models.map((model) => resolveModel(model, rules))
}

const resolveTls = (
  { tls, baseUrl }: UpstreamSettings,
  path: readonly string[],
  outside: Outside,
): Tls => {
  const pem = (option: keyof Tls): Tls => {
    const value = tls[option]
    if (value === undefined) return {}
    const place = [...path, 'tls', option]
    if (!baseUrl.startsWith('https:')) {
      outside.complain(
        place,
        'is for an https upstream, and the baseUrl is none; change one of them',
      )
    }
    const isInline = value.includes(PEM)
    const text = isInline ? value : outside.read(place, value)
    if (text === undefined) return {}
    if (option === 'key' && !isInline) outside.warnIfOpen(place, value)
    const fault = text.includes(PEM)
      ? pemFault(option, text)
      : `names a file that holds no PEM: it has no line that begins with ${PEM}`
    if (fault === undefined) return { [option]: text }
    outside.complain(place, fault)
    return {}
  }
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    const option = tls.cert === undefined ? 'key' : 'cert'
    const other = option === 'key' ? 'cert' : 'key'
    outside.complain([...path, 'tls', option], `needs \`${other}\` beside it`)
  }
  const read: Tls = { ...pem('ca'), ...pem('cert'), ...pem('key') }
  if (read.cert !== undefined && read.key !== undefined && !isKeyOf(read.cert, read.key)) {
    outside.complain([...path, 'tls', 'key'], 'is not the key of the `cert` beside it')
  }
  return read
}

const PEM = '-----BEGIN'

// The engine's own ceiling (Ollama 0.33, llm/server.go: num_predict is cut to 10 × num_ctx).
const ANSWER_PER_WINDOW = 10

const resolveModel = (
  model: NonNullable<UpstreamSettings['models']>[number],
  rules: readonly ParamsRule[],
): ConfiguredModel => ({
  ...model,
  name: model.name ?? model.id,
  maxTokens: model.maxTokens ?? ANSWER_PER_WINDOW * model.contextWindow,
  params: servingOf(model.id, rules, model.params),
})
