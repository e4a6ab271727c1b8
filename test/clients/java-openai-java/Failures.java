package client;

import com.openai.client.OpenAIClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.InternalServerException;
import com.openai.errors.NotFoundException;
import com.openai.errors.OpenAIException;
import com.openai.errors.OpenAIServiceException;
import com.openai.errors.PermissionDeniedException;
import com.openai.errors.RateLimitException;
import com.openai.errors.SseException;
import com.openai.errors.UnauthorizedException;
import com.openai.errors.UnexpectedStatusCodeException;
import com.openai.models.ErrorObject;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** What goes wrong, and what is left early. */
final class Failures {
    private Failures() {}

    static void typedErrors(World world) {
        ChatCompletionCreateParams.Builder writer = Answers.asked("demo-writer", Answers.STORY);
        refused(world.once("wrong-key"), writer, UnauthorizedException.class, 401, null);
        refused(world.once(world.narrowKey()), writer, PermissionDeniedException.class, 403, "model");
        refused(world.once(), Answers.asked("nope", Answers.STORY), NotFoundException.class, 404, "model");
        ChatCompletionCreateParams.Builder none = Answers.asked("demo-writer", Answers.STORY).n(0);
        refused(world.once(), none, BadRequestException.class, 400, "n");
        ChatCompletionCreateParams.Builder large = Answers.asked("demo-writer", "many words ".repeat(30_000));
        refused(world.once(), large, UnexpectedStatusCodeException.class, 413, null);
        limited(world);
        ChatCompletionCreateParams.Builder busy = Answers.asked("scripted", "@busy-openai-java");
        refused(world.once(), busy, InternalServerException.class, 503, null);
        ChatCompletionCreateParams.Builder silent = Answers.asked("scripted", "@silent-for-ever-openai-java");
        refused(world.onceImpatient(), silent, InternalServerException.class, 504, null);
    }

    private static void limited(World world) {
        OpenAIClient client = world.once(world.limitedKey());
        ChatCompletionCreateParams.Builder params = Answers.asked("demo-writer", Answers.STORY);
        client.chat().completions().create(params.build());
        OpenAIServiceException error = refused(client, params, RateLimitException.class, 429, null);
        List<String> waits = error.headers().values("retry-after");
        Check.that(waits.size() == 1 && Integer.parseInt(waits.get(0)) > 0, "retry-after is %s", waits);
    }

    private static OpenAIServiceException refused(
            OpenAIClient client,
            ChatCompletionCreateParams.Builder params,
            Class<? extends OpenAIServiceException> wanted,
            int status,
            String param) {
        try {
            ChatCompletion answer = client.chat().completions().create(params.build());
            throw new AssertionError(status + " was answered " + answer);
        } catch (OpenAIServiceException error) {
            Check.that(
                wanted.isInstance(error)
                    && error.statusCode() == status
                    && error.body().convert(ErrorObject.class).isValid()
                    && (param == null || error.param().equals(Optional.of(param))),
                "%d is %s with %s", status, error, error.body());
            return error;
        }
    }

    static void midStreamError(World world) {
        StringBuilder text = new StringBuilder();
        try (StreamResponse<ChatCompletionChunk> response =
                stream(world, "@error-mid-stream-openai-java")) {
            response.stream().forEach(chunk -> text.append(textOf(chunk)));
            throw new AssertionError("a silent end after '" + text + "'");
        } catch (SseException error) {
            Check.that(text.length() > 0, "no text before %s", error);
            Check.that(error.body().convert(ErrorObject.class).isValid(), "its body is %s", error.body());
        }
    }

    static void abort(World world) throws Exception {
        try (StreamResponse<ChatCompletionChunk> response = stream(world, "@endless-openai-java")) {
            long heard = response.stream().limit(3).count();
            Check.that(heard == 3, "%d chunks", heard);
        }
        world.control("released", "@endless-openai-java");
    }

    static void silence(World world) {
        long begun = System.nanoTime();
        Streamed streamed = Answers.hear(world, Answers.asked("scripted", "@silence-openai-java"));
        long seconds = Duration.ofNanos(System.nanoTime() - begun).toSeconds();
        String text = Answers.textOf(streamed.answer());
        Check.that(text.equals("Good things take time."), "the text is '%s'", text);
        Check.that(seconds >= 9, "it took %d s", seconds);
    }

    /** With openai-java's default of two retries. */
    static void retries(World world) throws Exception {
        String mark = "@crash-after-work-" + UUID.randomUUID();
        try {
            ChatCompletion answer = Answers.ask(world, Answers.asked("scripted", mark));
            throw new AssertionError("answered " + answer);
        } catch (OpenAIException error) {
            String counted = world.control("generations", mark);
            Check.that(counted.equals("1"), "%s generations, then %s", counted, error);
        }
    }

    private static StreamResponse<ChatCompletionChunk> stream(World world, String mark) {
        return world.client().chat().completions().createStreaming(Answers.asked("scripted", mark).build());
    }

    private static String textOf(ChatCompletionChunk chunk) {
        StringBuilder text = new StringBuilder();
        chunk.choices().forEach(choice -> choice.delta().content().ifPresent(text::append));
        return text.toString();
    }
}
