package client;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;

/** What a scenario is given: the client with the good key, the other addresses and keys, the harness. */
record World(
    OpenAIClient client,
    String impatientUrl,
    String limitedKey,
    String narrowKey,
    String controlUrl) implements AutoCloseable {

    static World fromEnvironment() {
        OpenAIClient client = OpenAIOkHttpClient.builder()
            .baseUrl(System.getenv("BASE_URL"))
            .apiKey(System.getenv("API_KEY"))
            // Every answer and every chunk must have each required field, of its type, with a known value.
            .responseValidation(true)
            .build();
        return new World(
            client,
            System.getenv("BASE_URL_IMPATIENT"),
            System.getenv("LIMITED_KEY"),
            System.getenv("NARROW_KEY"),
            System.getenv("CONTROL_URL"));
    }

    /** The client as it would be with another key, and without retries, for what is refused on purpose. */
    OpenAIClient once(String key) {
        return client.withOptions(options -> options.apiKey(key).maxRetries(0));
    }

    OpenAIClient once() {
        return client.withOptions(options -> options.maxRetries(0));
    }

    OpenAIClient onceImpatient() {
        return client.withOptions(options -> options.baseUrl(impatientUrl).maxRetries(0));
    }

    /** What the harness saw of the mark; anything but 200 is an error. */
    String control(String what, String mark) throws IOException, InterruptedException {
        String query = URLEncoder.encode(mark, StandardCharsets.UTF_8);
        URI address = URI.create(controlUrl + "/" + what + "?mark=" + query);
        HttpResponse<String> response = HttpClient.newHttpClient()
            .send(HttpRequest.newBuilder(address).build(), HttpResponse.BodyHandlers.ofString());
        Check.that(response.statusCode() == 200, "%s of %s: %d %s", what, mark, response.statusCode(), response.body());
        return response.body().trim();
    }

    @Override
    public void close() {
        client.close();
    }
}
