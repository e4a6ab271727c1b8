/** Reasoning effort → `think` (`api/types.go: ThinkValue`, 0.33). */
import type { Effort } from '../../chat/request.ts'

/**
 * The words are Ollama's own. Undefined leaves it to the model, which means on where it can think; a
 * model that cannot answers anything but `false` with a 400, so the caller drops the effort there.
 */
export const encodeThink = (effort: Effort | undefined): Effort | undefined => effort
