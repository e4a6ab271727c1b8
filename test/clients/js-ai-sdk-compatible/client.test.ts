/** The AI SDK with @ai-sdk/openai-compatible against the scenarios. */
import { testClient } from '../test-client.ts'

testClient(import.meta.dirname)
