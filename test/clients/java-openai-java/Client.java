package client;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Runs the scenarios asked for, or all, and says in a line of JSON how each ended. */
public final class Client {
    private interface Scenario {
        void run(World world) throws Exception;
    }

    private static final Map<String, Scenario> SCENARIOS = new LinkedHashMap<>();

    static {
        SCENARIOS.put("models", Answers::models);
        SCENARIOS.put("one_shot", Answers::oneShot);
        SCENARIOS.put("stream", Answers::stream);
        SCENARIOS.put("reasoning", Answers::reasoning);
        SCENARIOS.put("tools", Tools::roundTrip);
        SCENARIOS.put("tools_streamed", Tools::streamedRoundTrip);
        SCENARIOS.put("two_calls", Tools::twoCalls);
        SCENARIOS.put("empty_arguments", Tools::emptyArguments);
        SCENARIOS.put("forced_tool", Tools::forced);
        SCENARIOS.put("structured", Structured::booking);
        SCENARIOS.put("image", Answers::image);
        SCENARIOS.put("logprobs", Answers::logprobs);
        SCENARIOS.put("n", Answers::severalChoices);
        SCENARIOS.put("sampling", Answers::sampling);
        SCENARIOS.put("embeddings", OtherEndpoints::embeddings);
        SCENARIOS.put("completions", OtherEndpoints::completions);
        SCENARIOS.put("unicode", Answers::unicode);
        SCENARIOS.put("errors", Failures::typedErrors);
        SCENARIOS.put("mid_stream_error", Failures::midStreamError);
        SCENARIOS.put("abort", Failures::abort);
        SCENARIOS.put("silence", Failures::silence);
        SCENARIOS.put("retries", Failures::retries);
    }

    public static void main(String[] args) throws Exception {
        List<String> asked = Arrays.asList(args);
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        try (World world = World.fromEnvironment()) {
            for (Map.Entry<String, Scenario> entry : SCENARIOS.entrySet()) {
                if (!asked.isEmpty() && !asked.contains(entry.getKey())) continue;
                out.println(verdictOn(entry.getKey(), entry.getValue(), world));
            }
        }
    }

    private static String verdictOn(String name, Scenario scenario, World world) throws Exception {
        Map<String, String> line = new LinkedHashMap<>();
        line.put("scenario", name);
        try {
            scenario.run(world);
            line.put("verdict", "pass");
            line.put("detail", "");
        } catch (Exception | AssertionError error) {
            line.put("verdict", "fail");
            line.put("detail", explain(error));
        }
        return JsonMapper.builder().build().writeValueAsString(line);
    }

    private static String explain(Throwable error) {
        StringBuilder text = new StringBuilder(error.toString());
        if (error.getCause() != null) text.append("; because of ").append(error.getCause());
        Arrays.stream(error.getStackTrace())
            .filter(frame -> frame.getClassName().startsWith("client."))
            .limit(3)
            .forEach(frame -> text.append("; at ").append(frame));
        return text.toString();
    }
}
