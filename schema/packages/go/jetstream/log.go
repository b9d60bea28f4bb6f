package jetstream

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go"

	messages "client.devpie.io/troupe/messages"
)

// streamConfig is what Troupe wants of the JetStream stream of a category.
type streamConfig struct {
	Name        string   `json:"name"`
	Subjects    []string `json:"subjects"`
	Storage     string   `json:"storage"`
	Retention   string   `json:"retention"`
	Discard     string   `json:"discard"`
	Replicas    int      `json:"num_replicas"`
	DenyDelete  bool     `json:"deny_delete"`
	DenyPurge   bool     `json:"deny_purge"`
	AllowDirect bool     `json:"allow_direct"`
}

// EnsureCategory makes the JetStream stream of a category unless there is one, named and set as Troupe's own are: files,
// nothing deleted or purged, direct reads. Troupe does this for its categories; a service that has a category of its own
// calls it at its start.
func EnsureCategory(ctx context.Context, connection *nats.Conn, category string, replicas int) error {
	if err := messages.CheckCategory(category); err != nil {
		return err
	}
	name := "troupe_" + category
	// Events and commands are one stream, for their subjects overlap.
	subjects := []string{category + ".*", category + ".command.*"}
	var found struct {
		Config streamConfig `json:"config"`
	}
	err := ask(ctx, connection, "STREAM.INFO."+name, struct{}{}, &found)
	if isGone(err) {
		err = ask(ctx, connection, "STREAM.CREATE."+name, streamConfig{
			Name: name, Subjects: subjects, Storage: "file", Retention: "limits", Discard: "new",
			Replicas: replicas, DenyDelete: true, DenyPurge: true, AllowDirect: true,
		}, &found)
	}
	if err != nil {
		return err
	}
	has := map[string]bool{}
	for _, subject := range found.Config.Subjects {
		has[subject] = true
	}
	for _, subject := range subjects {
		if !has[subject] {
			return fmt.Errorf("JetStream stream '%s' must have the subject %s: add it", name, subject)
		}
	}
	return nil
}

// findCategory is the name of the JetStream stream that holds a category.
func findCategory(ctx context.Context, connection *nats.Conn, category string) (string, error) {
	var found struct {
		Streams []string `json:"streams"`
	}
	question := map[string]string{"subject": category + ".command"}
	if err := ask(ctx, connection, "STREAM.NAMES", question, &found); err != nil {
		return "", err
	}
	if len(found.Streams) == 0 {
		return "", fmt.Errorf("no JetStream stream holds the category '%s': start Troupe first, or call EnsureCategory", category)
	}
	return found.Streams[0], nil
}

// RecordedEvent is an event, and where the log has it.
type RecordedEvent struct {
	messages.Envelope
	Stream string
	// Position is that of the message; all events of a message share it.
	Position uint64
}

// EntityHistory is what the log holds of one entity.
type EntityHistory struct {
	Events []RecordedEvent
	// Position is that of the last message, 0 when there is none: what AppendEvents expects.
	Position uint64
}

// ReadEntity reads the events of one entity after a position (0: all), oldest first, from the leader of the stream:
// nothing that was confirmed before is missing. A message that cannot be read is a *messages.MalformedError.
func ReadEntity(ctx context.Context, connection *nats.Conn, stream string, after uint64) (EntityHistory, error) {
	history := EntityHistory{Position: after}
	parsed, err := entityOf(stream)
	if err != nil {
		return history, err
	}
	name, err := findCategory(ctx, connection, parsed.Category)
	if err != nil {
		return history, err
	}
	for {
		next, err := nextMessage(ctx, connection, name, stream, history.Position)
		if err != nil || next == nil {
			return history, err
		}
		envelopes, err := messages.Decode(next.Data)
		if err != nil {
			return history, fmt.Errorf("%s at position %d: %w", stream, next.Position, err)
		}
		for _, envelope := range envelopes {
			history.Events = append(history.Events, RecordedEvent{envelope, stream, next.Position})
		}
		history.Position = next.Position
	}
}

func entityOf(stream string) (messages.Stream, error) {
	parsed, err := messages.ParseStream(stream)
	if err == nil && (parsed.Commands || parsed.ID == "") {
		err = fmt.Errorf("%s is not the stream of one entity's events", stream)
	}
	return parsed, err
}

type storedMessage struct {
	Position uint64 `json:"seq"`
	Data     []byte `json:"data"`
}

// nextMessage is the first message on a subject after a position, nil when there is none.
func nextMessage(ctx context.Context, connection *nats.Conn, name, subject string, position uint64) (*storedMessage, error) {
	var found struct {
		Message storedMessage `json:"message"`
	}
	question := map[string]interface{}{"seq": position + 1, "next_by_subj": subject}
	err := ask(ctx, connection, "STREAM.MSG.GET."+name, question, &found)
	if refusalCode(err) == 10037 { // no message found
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &found.Message, nil
}
