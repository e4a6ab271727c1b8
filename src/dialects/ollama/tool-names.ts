/**
 * Tool names that Ollama's parsers trip over go upstream under another name, and come back under their own.
 *
 * Its generic parser looks for a tool's name anywhere in the raw text of a call (`tools/tools.go: findTool`,
 * 0.33), so that a tool `name` or `arguments` is found in every call; harmony keeps `python` and `browser` for
 * tools of its own (ollama#16932, field § 2 B). No other name is touched.
 */
import type { ChatRequest, Message } from '../../chat/request.ts'

/** The words that stand around a call in some template, and the names of harmony's own tools. */
const TRIPPING: ReadonlySet<string> = new Set([
  'arguments',
  'array',
  'assistant',
  'browser',
  'call',
  'calls',
  'container',
  'content',
  'description',
  'function',
  'functions',
  'id',
  'json',
  'name',
  'object',
  'parameter',
  'parameters',
  'python',
  'role',
  'string',
  'tool',
  'tool_call',
  'tool_calls',
  'tools',
  'type',
])

export type ToolNames = {
  /** The request as it goes upstream: definitions, and calls and results in its history. */
  readonly request: ChatRequest
  /** @returns what the client calls the tool that the model called so. */
  readonly called: (name: string) => string
}

/** Nothing it gives back but the request holds the request. */
export const toolNames = (request: ChatRequest): ToolNames => {
  if (request.tools.length === 0) return { request, called: same }
  const offered = new Set(request.tools.map(({ name }) => name))
  const aliases = aliasesOf(offered)
  const own = new Map([...aliases].map(([name, alias]) => [alias, name]))
  const called = (name: string): string => own.get(name) ?? cleaned(name, offered, own)
  return { request: aliases.size === 0 ? request : renamed(request, aliases), called }
}

const same = (name: string): string => name

/** By name; none of them is the name of another tool. */
const aliasesOf = (offered: ReadonlySet<string>): ReadonlyMap<string, string> => {
  const aliases = new Map<string, string>()
  for (const name of offered) {
    if (!TRIPPING.has(name.toLowerCase())) continue
    let alias = `run_${name}_`
    while (offered.has(alias)) alias += '_'
    aliases.set(name, alias)
  }
  return aliases
}

const renamed = (request: ChatRequest, aliases: ReadonlyMap<string, string>): ChatRequest => {
  const to = (name: string): string => aliases.get(name) ?? name
  return {
    ...request,
    tools: request.tools.map((tool) => ({ ...tool, name: to(tool.name) })),
    messages: request.messages.map((message): Message => {
      switch (message.role) {
        case 'system':
        case 'user':
          return message
        case 'assistant':
          return {
            ...message,
            calls: message.calls.map((call) => ({ ...call, name: to(call.name) })),
          }
        case 'tool':
          return { ...message, name: to(message.name) }
      }
    }),
  }
}

/** Models put their own words around a name: it is told from them only where what is left is on offer. */
const cleaned = (
  name: string,
  offered: ReadonlySet<string>,
  own: ReadonlyMap<string, string>,
): string => {
  if (offered.has(name)) return name
  const bare = name.replace(PREFIX, '').replace(/<\|[^]*$/, '')
  return own.get(bare) ?? (offered.has(bare) ? bare : name)
}

const PREFIX = /^(?:functions?|tools?|default_api)[.:]/
