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

	"github.com/sashabaranov/go-openai"
)

// typedErrors has each status as the client's own error, its fields decoded.
func typedErrors(ctx context.Context, w world) error {
	negative := asked("demo-writer", story)
	negative.N = -1
	rows := []struct {
		status  int
		param   string
		baseURL string
		key     string
		request openai.ChatCompletionRequest
	}{
		{401, "", w.baseURL, "wrong-key", asked("demo-writer", story)},
		{403, "model", w.baseURL, w.narrowKey, asked("demo-writer", story)},
		{404, "model", w.baseURL, w.key, asked("nope", story)},
		{400, "n", w.baseURL, w.key, negative},
		{413, "", w.baseURL, w.key, asked("demo-writer", strings.Repeat("many words ", 30_000))},
		{503, "", w.baseURL, w.key, asked("scripted", "@busy-sashabaranov")},
		{504, "", w.impatientURL, w.key, asked("scripted", "@silent-for-ever-sashabaranov")},
	}
	for _, row := range rows {
		refused, err := refusal(ctx, connect(row.baseURL, row.key, http.DefaultClient), row.request)
		if err != nil {
			return fmt.Errorf("%d: %w", row.status, err)
		}
		if refused.HTTPStatusCode != row.status || refused.Message == "" || refused.Type == "" {
			return fmt.Errorf("%d is %+v", row.status, refused)
		}
		if row.param != "" && (refused.Param == nil || *refused.Param != row.param) {
			return fmt.Errorf("%d names another param: %+v", row.status, refused)
		}
	}
	return limited(ctx, w)
}

// A listener keeps the headers of the last answer, which this client's errors do not have.
type listener struct{ heard http.Header }

func (l *listener) Do(request *http.Request) (*http.Response, error) {
	response, err := http.DefaultClient.Do(request)
	if response != nil {
		l.heard = response.Header
	}
	return response, err
}

// limited asks twice: another client may have used the minute's one request before.
func limited(ctx context.Context, w world) error {
	var headers listener
	client := connect(w.baseURL, w.limitedKey, &headers)
	_, _ = client.CreateChatCompletion(ctx, asked("demo-writer", story))
	refused, err := refusal(ctx, client, asked("demo-writer", story))
	if err != nil {
		return fmt.Errorf("429: %w", err)
	}
	wait := headers.heard.Get("retry-after")
	seconds, err := strconv.Atoi(wait)
	return check(refused.HTTPStatusCode == 429 && err == nil && seconds > 0,
		"429 is %+v with retry-after %q", refused, wait)
}

func refusal(ctx context.Context, client *openai.Client, request openai.ChatCompletionRequest) (*openai.APIError, error) {
	answer, err := client.CreateChatCompletion(ctx, request)
	var refused *openai.APIError
	if errors.As(err, &refused) {
		return refused, nil
	}
	if err == nil {
		return nil, fmt.Errorf("answered %+v", answer)
	}
	return nil, fmt.Errorf("not the client's own error: %T: %w", err, err)
}

func midStreamError(ctx context.Context, w world) error {
	heard, _, err := askStreamed(ctx, w, asked("scripted", "@error-mid-stream-sashabaranov"))
	var raised *openai.APIError
	if !errors.As(err, &raised) {
		return fmt.Errorf("raised is %v", err)
	}
	return check(len(heard) == 1 && heard[0].Content != "" && raised.Message != "", "no text before %v", err)
}

func abort(ctx context.Context, w world) error {
	stream, err := w.client.CreateChatCompletionStream(ctx, asked("scripted", "@endless-sashabaranov"))
	if err != nil {
		return err
	}
	for range 3 {
		if _, err := stream.Recv(); err != nil {
			return err
		}
	}
	if err := stream.Close(); err != nil {
		return err
	}
	_, err = control(ctx, w, "released", "@endless-sashabaranov")
	return err
}

func silence(ctx context.Context, w world) error {
	begun := time.Now()
	choices, _, err := askStreamed(ctx, w, asked("scripted", "@silence-sashabaranov"))
	if err != nil {
		return err
	}
	if choices[0].Content == "" || time.Since(begun) < 9*time.Second {
		return fmt.Errorf("after %s: %q", time.Since(begun), choices[0].Content)
	}
	return choices[0].finishedOnce(openai.FinishReasonStop)
}

// retries counts what one call of the client asks for, which has no retries of its own.
func retries(ctx context.Context, w world) error {
	mark := fmt.Sprintf("@crash-after-work-sashabaranov-%d", time.Now().UnixNano())
	refused, err := refusal(ctx, w.client, asked("scripted", mark))
	if err != nil {
		return err
	}
	counted, err := control(ctx, w, "generations", mark)
	if err != nil {
		return err
	}
	return check(counted == "1", "%s generations, and then %v", counted, refused)
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
