/** What the command line says. */
import { type Flags, isFlag } from '../flag-table.ts'
import { options } from '../options.ts'
import { type Said, withReadUrls, written } from './said.ts'

export const saidByFlags = (flags: Flags, upstream: string): Said =>
  withReadUrls(
    options.flatMap((option) => {
      const name = option.flag?.slice(2) ?? ''
      const value = isFlag(name) ? flags[name] : undefined
      if (value === undefined || option.flag === null) return []
      return [written(option, String(value), { kind: 'flag', name: option.flag }, upstream)]
    }),
  )
