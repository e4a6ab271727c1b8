/** Ollama's done reason → our finish reason. */
import type { FinishReason } from '../../chat/event.ts'

/**
 * `length` is the only word that means a cut (contract § 1.9). Everything else is a stop: `stop`, an
 * absent reason (MLX runners), `load`, and whatever a remote model may say. That a call was made is
 * not for Ollama to say: it reports `stop` even then, so the turn counts them.
 */
export const decodeDoneReason = (reason: string | null | undefined): FinishReason =>
  reason === 'length' ? 'length' : 'stop'
