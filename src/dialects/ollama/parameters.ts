/** The `parameters` text of /api/show: what a Modelfile sets, one name and one Go value to a line. */

/**
 * The Modelfile's own `num_ctx`, tokens; 0 when it sets none. The number may be written as a float
 * (`1.048576e+06`), because Ollama prints whole numbers from JSON as Go prints a float64 (0.33).
 */
export const decodeNumCtx = (parameters: string): number => {
  const value = Number(NUM_CTX.exec(parameters)?.[1])
  return Number.isSafeInteger(value) && value > 0 ? value : 0
}

const NUM_CTX = /^num_ctx[ \t]+(\S+)[ \t]*$/m
