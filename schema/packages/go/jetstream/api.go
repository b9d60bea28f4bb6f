package jetstream

import (
	"context"
	"encoding/json"
	"time"

	"github.com/nats-io/nats.go"
)

// answerTime is how long one question to JetStream waits for its answer.
const answerTime = 5 * time.Second

// ask puts one question to JetStream's API; a no is a *nats.APIError. The client's own calls do not know
// the next message of a subject.
func ask(ctx context.Context, connection *nats.Conn, api string, question, answer interface{}) error {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	body, err := json.Marshal(question)
	if err != nil {
		return err
	}
	message, err := connection.RequestWithContext(ctx, "$JS.API."+api, body)
	if err != nil {
		return err
	}
	var refusal struct {
		Error *nats.APIError `json:"error"`
	}
	if err := json.Unmarshal(message.Data, &refusal); err != nil {
		return err
	}
	if refusal.Error != nil {
		return refusal.Error
	}
	return json.Unmarshal(message.Data, answer)
}
