package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/ssestream"
)

// typedErrors has each status as openai-go's own error, its fields decoded.
func typedErrors(ctx context.Context, w world) error {
	none := asked("demo-writer", story)
	none.N = openai.Int(0)
	rows := []struct {
		status  int
		param   string
		baseURL string
		key     string
		params  openai.ChatCompletionNewParams
	}{
		{401, "", w.baseURL, "wrong-key", asked("demo-writer", story)},
		{403, "model", w.baseURL, w.narrowKey, asked("demo-writer", story)},
		{404, "model", w.baseURL, w.key, asked("nope", story)},
		{400, "n", w.baseURL, w.key, none},
		{413, "", w.baseURL, w.key, asked("demo-writer", strings.Repeat("many words ", 30_000))},
		{503, "", w.baseURL, w.key, asked("scripted", "@busy-openai-go")},
		{504, "", w.impatientURL, w.key, asked("scripted", "@silent-for-ever-openai-go")},
	}
	for _, row := range rows {
		refused, err := refusal(ctx, once(row.baseURL, row.key), row.params)
		if err != nil {
			return fmt.Errorf("%d: %w", row.status, err)
		}
		if refused.StatusCode != row.status || refused.Message == "" || refused.Type == "" {
			return fmt.Errorf("%d is %d: %s", row.status, refused.StatusCode, refused.RawJSON())
		}
		if row.param != "" && refused.Param != row.param {
			return fmt.Errorf("%d names the param %q: %s", row.status, refused.Param, refused.RawJSON())
		}
	}
	return limited(ctx, w)
}

// limited asks twice: another client may have used the minute's one request before.
func limited(ctx context.Context, w world) error {
	client := once(w.baseURL, w.limitedKey)
	_, _ = client.Chat.Completions.New(ctx, asked("demo-writer", story))
	refused, err := refusal(ctx, client, asked("demo-writer", story))
	if err != nil {
		return fmt.Errorf("429: %w", err)
	}
	wait := refused.Response.Header.Get("retry-after")
	seconds, err := strconv.Atoi(wait)
	return check(refused.StatusCode == 429 && err == nil && seconds > 0,
		"429 is %d with retry-after %q: %s", refused.StatusCode, wait, refused.RawJSON())
}

func refusal(ctx context.Context, client openai.Client, params openai.ChatCompletionNewParams) (*openai.Error, error) {
	answer, err := client.Chat.Completions.New(ctx, params)
	var refused *openai.Error
	if errors.As(err, &refused) {
		return refused, strict(refused)
	}
	if err == nil {
		return nil, fmt.Errorf("answered %s", answer.RawJSON())
	}
	return nil, fmt.Errorf("not openai-go's own error: %T: %w", err, err)
}

func midStreamError(ctx context.Context, w world) error {
	heard, err := askStreamed(ctx, w, asked("scripted", "@error-mid-stream-openai-go"))
	var raised *ssestream.StreamError
	if !errors.As(err, &raised) {
		return fmt.Errorf("raised is %v", err)
	}
	return check(len(heard.Choices) == 1 && heard.Choices[0].Message.Content != "", "no text before %v", err)
}

func abort(ctx context.Context, w world) error {
	stream := w.client.Chat.Completions.NewStreaming(ctx, asked("scripted", "@endless-openai-go"))
	for range 3 {
		if !stream.Next() {
			return fmt.Errorf("ended early: %v", stream.Err())
		}
	}
	if err := stream.Close(); err != nil {
		return err
	}
	_, err := control(ctx, w, "released", "@endless-openai-go")
	return err
}

func silence(ctx context.Context, w world) error {
	begun := time.Now()
	answer, err := askStreamed(ctx, w, asked("scripted", "@silence-openai-go"))
	if err != nil {
		return err
	}
	choice := answer.Choices[0]
	return check(choice.Message.Content != "" && choice.FinishReason == "stop" && time.Since(begun) > 9*time.Second,
		"after %s: %q, %q", time.Since(begun), choice.Message.Content, choice.FinishReason)
}

// retries asks with the client's default of two retries.
func retries(ctx context.Context, w world) error {
	mark := fmt.Sprintf("@crash-after-work-openai-go-%d", time.Now().UnixNano())
	answer, err := w.client.Chat.Completions.New(ctx, asked("scripted", mark))
	if err == nil {
		return fmt.Errorf("answered %s", answer.RawJSON())
	}
	counted, failed := control(ctx, w, "generations", mark)
	if failed != nil {
		return failed
	}
	return check(counted == "1", "%s generations, and then %s", counted, explain(err))
}

// control asks the harness what it saw of the mark; anything but 200 is an error.
func control(ctx context.Context, w world, what, mark string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet,
		w.controlURL+"/"+what+"?mark="+url.QueryEscape(mark), nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	text := strings.TrimSpace(string(body))
	return text, check(response.StatusCode == 200, "%s of %s: %d %s", what, mark, response.StatusCode, text)
}
