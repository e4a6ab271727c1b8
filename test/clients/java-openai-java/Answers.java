package client;

import com.openai.core.JsonValue;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionContentPart;
import com.openai.models.chat.completions.ChatCompletionContentPartImage;
import com.openai.models.chat.completions.ChatCompletionContentPartText;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionTokenLogprob;
import com.openai.models.completions.CompletionUsage;
import com.openai.models.models.Model;
import java.util.List;

/** What a model says, whole and streamed. */
final class Answers {
    static final String STORY = "Tell me a story.";

    private static final String EVERY_PLANE = "Ünï→漢字👩‍👩‍👧‍👦é\u2028";

    /** 3 by 2 pixels. */
    private static final String PICTURE =
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR4nGP438AAQQxwFgBf0gj7joAKVQAAAABJRU5ErkJggg==";

    private Answers() {}

    static ChatCompletionCreateParams.Builder asked(String model, String text) {
        return ChatCompletionCreateParams.builder().model(model).addUserMessage(text);
    }

    static ChatCompletion ask(World world, ChatCompletionCreateParams.Builder params) {
        return world.client().chat().completions().create(params.build());
    }

    static Streamed hear(World world, ChatCompletionCreateParams.Builder params) {
        return Streamed.hear(world.client(), params.build());
    }

    static ChatCompletion.Choice first(ChatCompletion answer) {
        return answer.choices().get(0);
    }

    static String textOf(ChatCompletion answer) {
        return first(answer).message().content().orElse("");
    }

    static void models(World world) {
        List<String> ids = world.client().models().list().autoPager().stream().map(Model::id).toList();
        Check.that(ids.contains("demo-thinker:latest"), "listed are %s", ids);
        Model model = world.client().models().retrieve("team/namespaced:v1");
        Check.that(model.id().equals("team/namespaced:v1"), "retrieved is %s", model);
    }

    static void oneShot(World world) {
        ChatCompletion answer = ask(world, asked("demo-thinker", STORY));
        Check.that(!textOf(answer).isEmpty(), "no text in %s", answer);
        Check.that(finishOf(answer).equals(ChatCompletion.Choice.FinishReason.STOP), "finished as %s", answer);
        CompletionUsage usage = answer.usage().orElseThrow();
        Check.that(
            usage.promptTokens() > 0
                && usage.completionTokens() > 0
                && usage.totalTokens() == usage.promptTokens() + usage.completionTokens(),
            "usage is %s", usage);
    }

    static void stream(World world) {
        ChatCompletion whole = ask(world, asked("demo-thinker", STORY));
        Streamed streamed = hear(world, asked("demo-thinker", STORY));
        ChatCompletion answer = streamed.answer();
        Check.that(streamed.chunks().size() > 5, "it came in %d chunks", streamed.chunks().size());
        Check.that(textOf(answer).equals(textOf(whole)), "streamed is %s, whole is %s", answer, whole);
        Check.that(finishOf(answer).equals(ChatCompletion.Choice.FinishReason.STOP), "finished as %s", answer);
        Check.that(
            answer.usage().orElseThrow().totalTokens() == whole.usage().orElseThrow().totalTokens(),
            "streamed usage is %s, whole is %s", answer.usage(), whole.usage());
    }

    static void reasoning(World world) {
        ChatCompletion whole = ask(world, asked("demo-thinker", STORY));
        JsonValue field = first(whole).message()._allProperties().get("reasoning_content");
        Check.that(field != null, "no reasoning in %s", whole);
        String thought = field.asStringOrThrow();
        String streamed = hear(world, asked("demo-thinker", STORY)).reasoning();
        Check.that(!thought.isEmpty() && thought.equals(streamed), "whole '%s', streamed '%s'", thought, streamed);
    }

    static void image(World world) {
        ChatCompletion answer = ask(world, ChatCompletionCreateParams.builder()
            .model("demo-vision")
            .addUserMessageOfArrayOfContentParts(List.of(
                ChatCompletionContentPart.ofText(
                    ChatCompletionContentPartText.builder().text("What is this?").build()),
                ChatCompletionContentPart.ofImageUrl(ChatCompletionContentPartImage.builder()
                    .imageUrl(ChatCompletionContentPartImage.ImageUrl.builder().url(PICTURE).build())
                    .build()))));
        Check.that(textOf(answer).contains("3 by 2"), "the answer is '%s'", textOf(answer));
    }

    static void logprobs(World world) {
        ChatCompletionCreateParams.Builder params =
            asked("scripted", "@logprobs-openai-java").logprobs(true).topLogprobs(2);
        for (ChatCompletion answer : List.of(ask(world, params), hear(world, params).answer())) {
            List<ChatCompletionTokenLogprob> tokens = first(answer).logprobs().orElseThrow().content().orElseThrow();
            StringBuilder text = new StringBuilder();
            for (ChatCompletionTokenLogprob token : tokens) {
                text.append(token.token());
                Check.that(
                    token.logprob() <= 0 && token.topLogprobs().size() == 2 && token.bytes().isPresent(),
                    "a token is %s", token);
            }
            Check.that(
                !tokens.isEmpty() && text.toString().equals(textOf(answer)),
                "the tokens say '%s', the message '%s'", text, textOf(answer));
        }
    }

    static void severalChoices(World world) {
        ChatCompletionCreateParams.Builder params = asked("demo-thinker", STORY).n(2);
        for (ChatCompletion answer : List.of(ask(world, params), hear(world, params).answer())) {
            Check.that(answer.choices().size() == 2, "%d choices", answer.choices().size());
            for (int i = 0; i < 2; i++) {
                ChatCompletion.Choice choice = answer.choices().get(i);
                Check.that(
                    choice.index() == i
                        && !choice.message().content().orElse("").isEmpty()
                        && choice.finishReason().equals(ChatCompletion.Choice.FinishReason.STOP),
                    "choice %d is %s", i, choice);
            }
        }
    }

    static void sampling(World world) {
        ChatCompletion answer = ask(world, asked("demo-writer", STORY)
            .seed(7)
            .stopOfStrings(List.of("."))
            .maxCompletionTokens(3));
        Check.that(
            finishOf(answer).equals(ChatCompletion.Choice.FinishReason.LENGTH)
                || finishOf(answer).equals(ChatCompletion.Choice.FinishReason.STOP),
            "finished as %s", answer);
        Check.that(answer.usage().orElseThrow().completionTokens() <= 3, "usage is %s", answer.usage());
    }

    static void unicode(World world) {
        ChatCompletion answer = hear(world, asked("scripted", "@unicode-openai-java")).answer();
        Check.that(textOf(answer).equals(EVERY_PLANE), "the text is '%s'", textOf(answer));
    }

    static ChatCompletion.Choice.FinishReason finishOf(ChatCompletion answer) {
        return first(answer).finishReason();
    }
}
