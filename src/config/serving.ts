/** How one model is to be served: the operator's rules, folded. */
import type { Serving } from '../catalog/model-card.ts'
import { matchesModel } from '../model-pattern.ts'
import type { Params, ParamsRule } from './config.ts'

/**
 * @param name the upstream's name for the model, with its tag.
 * @param rules all that match count; of two that say the same thing, the later one.
 * @param own what the model's own entry says, above every rule.
 */
export const servingOf = (
  name: string,
  rules: readonly ParamsRule[],
  own: Params = {},
): Serving => {
  const serving: Serving = { streaming: true, overflow: 'error' }
  for (const { pattern, params } of rules) {
    if (matchesModel(pattern, name)) Object.assign(serving, params)
  }
  return { ...serving, ...own }
}
