package client;

import com.openai.core.http.StreamResponse;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.StructuredChatCompletion;
import com.openai.models.chat.completions.StructuredChatCompletionCreateParams;
import java.util.List;

/** Answers read into a class, from which openai-java makes the JSON Schema. */
final class Structured {
    private Structured() {}

    enum Day { monday, tuesday }

    static class Booking {
        public String name;
        public Day day;
        public List<String> guests;
    }

    static void booking(World world) {
        StructuredChatCompletionCreateParams<Booking> params = ChatCompletionCreateParams.builder()
            .model("demo-thinker")
            .addUserMessage("Book Ada for Monday.")
            .responseFormat(Booking.class)
            .build();
        StructuredChatCompletion<Booking> whole = world.client().chat().completions().create(params);
        ChatCompletionAccumulator accumulator = ChatCompletionAccumulator.create();
        try (StreamResponse<ChatCompletionChunk> response =
                world.client().chat().completions().createStreaming(params)) {
            response.stream().forEach(accumulator::accumulate);
        }
        for (StructuredChatCompletion<Booking> answer : List.of(whole, accumulator.chatCompletion(Booking.class))) {
            Booking booking = answer.choices().get(0).message().content().orElseThrow();
            Check.that(
                !booking.name.isEmpty() && booking.day != null && booking.guests != null, "parsed of %s", answer);
        }
    }
}
