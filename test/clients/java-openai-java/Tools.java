package client;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import com.fasterxml.jackson.annotation.JsonTypeName;
import com.openai.models.FunctionDefinition;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionFunctionTool;
import com.openai.models.chat.completions.ChatCompletionMessageFunctionToolCall;
import com.openai.models.chat.completions.ChatCompletionMessageToolCall;
import com.openai.models.chat.completions.ChatCompletionToolChoiceOption;
import com.openai.models.chat.completions.ChatCompletionToolMessageParam;
import java.util.List;
import java.util.Map;

/** Calls of tools, declared as classes. */
final class Tools {
    private static final String ONE_CITY = "What is the weather in Lisbon?";
    private static final String TWO_CITIES = "What is the weather in Lisbon and Oslo?";

    private Tools() {}

    /** A call's arguments are read into it. */
    @JsonTypeName("get_weather")
    @JsonClassDescription("Current weather for a city")
    static class GetWeather {
        @JsonPropertyDescription("The city's name")
        public String city;
    }

    static void roundTrip(World world) {
        ChatCompletionCreateParams.Builder params = offered(ONE_CITY);
        addResults(params, Answers.ask(world, params));
        hasTemperature(Answers.ask(world, params));
    }

    static void streamedRoundTrip(World world) {
        ChatCompletionCreateParams.Builder params = offered(ONE_CITY);
        addResults(params, Answers.hear(world, params).answer());
        hasTemperature(Answers.hear(world, params).answer());
    }

    static void twoCalls(World world) {
        ChatCompletionCreateParams.Builder params = offered(TWO_CITIES);
        for (ChatCompletion answer : List.of(Answers.ask(world, params), Answers.hear(world, params).answer())) {
            List<ChatCompletionMessageFunctionToolCall> calls = callsIn(answer);
            Check.that(calls.size() == 2, "the calls are %s", calls);
            Check.that(!calls.get(0).id().equals(calls.get(1).id()), "one id for two calls: %s", calls);
            List<String> cities = calls.stream().map(Tools::cityOf).toList();
            Check.that(calls.stream().allMatch(Tools::isForWeather), "the calls are %s", calls);
            Check.that(cities.equals(List.of("Lisbon", "Oslo")), "the cities are %s", cities);
        }
    }

    static void emptyArguments(World world) {
        ChatCompletionCreateParams.Builder params = Answers.asked("scripted", "@empty-arguments-openai-java")
            .addTool(ChatCompletionFunctionTool.builder()
                .function(FunctionDefinition.builder().name("ping").build())
                .build());
        for (ChatCompletion answer : List.of(Answers.ask(world, params), Answers.hear(world, params).answer())) {
            List<ChatCompletionMessageFunctionToolCall> calls = callsIn(answer);
            Check.that(
                calls.size() == 1
                    && calls.get(0).function().name().equals("ping")
                    && calls.get(0).function().arguments(Map.class).isEmpty(),
                "the calls are %s", calls);
        }
    }

    static void forced(World world) {
        ChatCompletionCreateParams.Builder params =
            offered(Answers.STORY).toolChoice(ChatCompletionToolChoiceOption.Auto.REQUIRED);
        for (ChatCompletion answer : List.of(Answers.ask(world, params), Answers.hear(world, params).answer())) {
            List<ChatCompletionMessageFunctionToolCall> calls = callsIn(answer);
            Check.that(isForWeather(calls.get(0)), "the calls are %s", calls);
            Check.that(cityOf(calls.get(0)) != null, "the arguments are %s", calls);
        }
    }

    private static ChatCompletionCreateParams.Builder offered(String text) {
        return Answers.asked("demo-thinker", text).addTool(GetWeather.class);
    }

    private static List<ChatCompletionMessageFunctionToolCall> callsIn(ChatCompletion answer) {
        ChatCompletion.Choice choice = Answers.first(answer);
        List<ChatCompletionMessageToolCall> calls = choice.message().toolCalls().orElse(List.of());
        Check.that(!calls.isEmpty(), "no call in %s", answer);
        Check.that(
            choice.finishReason().equals(ChatCompletion.Choice.FinishReason.TOOL_CALLS), "finished as %s", answer);
        return calls.stream().map(ChatCompletionMessageToolCall::asFunction).toList();
    }

    private static boolean isForWeather(ChatCompletionMessageFunctionToolCall call) {
        return call.function().name().equals("get_weather");
    }

    private static String cityOf(ChatCompletionMessageFunctionToolCall call) {
        return call.function().arguments(GetWeather.class).city;
    }

    /** Adds the call for Lisbon to the history, and its result. */
    private static void addResults(ChatCompletionCreateParams.Builder params, ChatCompletion answer) {
        List<ChatCompletionMessageFunctionToolCall> calls = callsIn(answer);
        Check.that(
            calls.size() == 1 && isForWeather(calls.get(0)) && "Lisbon".equals(cityOf(calls.get(0))),
            "the calls are %s", calls);
        params.addMessage(Answers.first(answer).message());
        params.addMessage(ChatCompletionToolMessageParam.builder()
            .toolCallId(calls.get(0).id())
            .contentAsJson(Map.of("temperature", "22 °C"))
            .build());
    }

    private static void hasTemperature(ChatCompletion answer) {
        String text = Answers.textOf(answer);
        Check.that(text.contains("22 °C"), "the answer is '%s'", text);
    }
}
