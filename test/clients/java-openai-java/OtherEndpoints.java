package client;

import com.openai.client.OpenAIClient;
import com.openai.core.http.StreamResponse;
import com.openai.models.completions.Completion;
import com.openai.models.completions.CompletionChoice;
import com.openai.models.completions.CompletionCreateParams;
import com.openai.models.embeddings.CreateEmbeddingResponse;
import com.openai.models.embeddings.Embedding;
import com.openai.models.embeddings.EmbeddingCreateParams;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Embeddings and legacy completions. */
final class OtherEndpoints {
    private OtherEndpoints() {}

    static void embeddings(World world) {
        List<List<Float>> floats = embed(world, EmbeddingCreateParams.EncodingFormat.FLOAT);
        List<List<Float>> base64 = embed(world, EmbeddingCreateParams.EncodingFormat.BASE64);
        Check.that(floats.size() == 2 && !floats.get(0).isEmpty(), "the vectors are %s", floats);
        Check.that(!floats.get(0).equals(floats.get(1)), "one vector for two texts: %s", floats);
        Check.that(floats.equals(base64), "as floats %s, as base64 %s", floats, base64);
    }

    private static List<List<Float>> embed(World world, EmbeddingCreateParams.EncodingFormat format) {
        CreateEmbeddingResponse response = world.client().embeddings().create(EmbeddingCreateParams.builder()
            .model("demo-embed")
            .inputOfArrayOfStrings(List.of("one", "two and more"))
            .encodingFormat(format)
            .build());
        List<List<Float>> vectors = new ArrayList<>();
        for (Embedding embedding : response.data()) {
            Check.that(embedding.index() == vectors.size(), "the order is that of %s", response);
            vectors.add(embedding.embedding());
        }
        return vectors;
    }

    static void completions(World world) {
        CompletionCreateParams params =
            CompletionCreateParams.builder().model("demo-writer").prompt("Once").build();
        Completion whole = world.client().completions().create(params);
        Check.that(whole.choices().size() == 1 && !whole.choices().get(0).text().isEmpty(), "answered %s", whole);
        // A chunk before the last has no `finish_reason`, with OpenAI itself too, and openai-java has it as required.
        OpenAIClient lenient = world.client().withOptions(options -> options.responseValidation(false));
        try (StreamResponse<Completion> response = lenient.completions().createStreaming(params)) {
            List<CompletionChoice> said = response.stream().flatMap(chunk -> chunk.choices().stream()).toList();
            String text = said.stream().map(CompletionChoice::text).collect(Collectors.joining());
            Check.that(text.equals(whole.choices().get(0).text()), "streamed '%s', whole %s", text, whole);
            said.get(said.size() - 1).validate();
        }
    }
}
