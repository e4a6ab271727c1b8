package client;

import com.openai.client.OpenAIClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import java.util.ArrayList;
import java.util.List;

/** A stream heard to its end: its chunks, and the answer that openai-java's own accumulator makes of them. */
record Streamed(List<ChatCompletionChunk> chunks, ChatCompletionAccumulator accumulator) {

    static Streamed hear(OpenAIClient client, ChatCompletionCreateParams params) {
        Streamed heard = new Streamed(new ArrayList<>(), ChatCompletionAccumulator.create());
        try (StreamResponse<ChatCompletionChunk> response =
                client.chat().completions().createStreaming(withUsage(params))) {
            response.stream().peek(heard.chunks::add).forEach(heard.accumulator::accumulate);
        }
        return heard;
    }

    private static ChatCompletionCreateParams withUsage(ChatCompletionCreateParams params) {
        return params.toBuilder()
            .streamOptions(ChatCompletionStreamOptions.builder().includeUsage(true).build())
            .build();
    }

    ChatCompletion answer() {
        return accumulator.chatCompletion();
    }

    String reasoning() {
        StringBuilder text = new StringBuilder();
        for (ChatCompletionChunk chunk : chunks) {
            for (ChatCompletionChunk.Choice choice : chunk.choices()) {
                JsonValue thought = choice.delta()._allProperties().get("reasoning_content");
                if (thought != null) text.append(thought.asStringOrThrow());
            }
        }
        return text.toString();
    }
}
