package jetstream

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	messages "client.devpie.io/troupe/messages"
)

// Published is JetStream's word that a message is stored.
type Published struct {
	Position uint64
	// Duplicate says that it was there before: nothing was stored this time.
	Duplicate bool
}

// Publisher publishes commands and events, and returns when JetStream has confirmed that the message is stored, or when
// the context is done. A context without a deadline means 10 seconds. Safe for use by several goroutines.
type Publisher struct {
	// AttemptTime is how long one attempt waits for its answer; 0 means 2 seconds.
	AttemptTime time.Duration

	connection *nats.Conn
	jetstream  nats.JetStreamContext
}

// NewPublisher makes a publisher on a connection, which stays the caller's to close.
func NewPublisher(connection *nats.Conn) (*Publisher, error) {
	client, err := connection.JetStream()
	if err != nil {
		return nil, err
	}
	return &Publisher{connection: connection, jetstream: client}, nil
}

// SendCommand sends a command to "identity.command.4711", or to "identity.command" where its data names the entity. Its
// outcome is sent to the subject outcomeTo, unless that is "".
//
// The same command to the same stream within JetStream's duplicate window is stored once: its Nats-Msg-Id is stream and
// command id (the command id alone is that of the command's events: they share the JetStream stream, and would be taken
// for the command again). A command that asks for its outcome has none: each repeat must arrive to be answered. Whoever
// handles commands must know a repeated id either way.
func (p *Publisher) SendCommand(ctx context.Context, stream string, command messages.Envelope, outcomeTo string) (Published, error) {
	parsed, err := messages.ParseStream(stream)
	if err == nil && !parsed.Commands {
		err = fmt.Errorf("%s is not a stream of commands", stream)
	}
	if err == nil {
		err = messages.CheckCommandID(command.ID)
	}
	if err != nil {
		return Published{}, err
	}
	message, err := draft(stream, []messages.Envelope{command})
	if err != nil {
		return Published{}, err
	}
	if outcomeTo == "" {
		message.Header.Set(nats.MsgIdHdr, stream+" "+command.ID)
	} else {
		message.Header.Set("Troupe-Outcome-To", outcomeTo)
	}
	return p.publish(ctx, message, func(context.Context) (*Published, error) { return nil, nil })
}

// AppendEvents appends the events of one command to an entity's stream, "identity.4711", as one message, if and only if
// the stream's last message is at the expected position (0: there is none). ErrConflict: it is not, so nothing was
// stored. An unknown outcome is resolved by reading the stream; ErrOutcomeUnknown is what remains when that was not
// possible in time. The Nats-Msg-Id is the command's id, as on Troupe's own events.
//
// Append only to a category of your own: Troupe refuses to load an entity whose events it did not write.
func (p *Publisher) AppendEvents(ctx context.Context, stream string, events []messages.Envelope, expected uint64) (Published, error) {
	parsed, err := entityOf(stream)
	if err != nil {
		return Published{}, err
	}
	message, err := draft(stream, events)
	if err != nil {
		return Published{}, err
	}
	message.Header.Set(nats.MsgIdHdr, messageID(events[0]))
	message.Header.Set(nats.ExpectedLastSubjSeqHdr, strconv.FormatUint(expected, 10))
	return p.publish(ctx, message, func(ctx context.Context) (*Published, error) {
		name, err := findCategory(ctx, p.connection, parsed.Category)
		if err != nil {
			return nil, err
		}
		next, err := nextMessage(ctx, p.connection, name, stream, expected)
		if err != nil || next == nil {
			return nil, err
		}
		if found, err := messages.Decode(next.Data); err != nil || found[0].ID != events[0].ID {
			return nil, &failure{ErrConflict, stream, nil}
		}
		return &Published{next.Position, true}, nil
	})
}

func messageID(first messages.Envelope) string {
	if id := first.Metadata.Text("commandId"); id != "" {
		return id
	}
	return first.ID
}

func draft(stream string, envelopes []messages.Envelope) (*nats.Msg, error) {
	body, err := messages.Encode(envelopes)
	if err != nil {
		return nil, err
	}
	message := nats.NewMsg(stream)
	message.Data = body
	if parent := envelopes[0].Metadata.Text("traceparent"); parent != "" {
		message.Header.Set("traceparent", parent)
	}
	return message, nil
}

// resolver finds out what became of a message whose outcome is unknown; nil: it is not there (yet).
type resolver func(context.Context) (*Published, error)

func (p *Publisher) publish(ctx context.Context, message *nats.Msg, resolve resolver) (Published, error) {
	if _, limited := ctx.Deadline(); !limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
	}
	var unknown error // why an attempt so far may have been stored
	for attempt := 1; ; attempt++ {
		ack, err := p.once(ctx, message)
		if err == nil {
			return Published{ack.Sequence, ack.Duplicate}, nil
		}
		lost, refused := isLostRace(err), refusalCode(err) != 0
		if mayBeStored(err) {
			unknown = err
		}
		if lost || unknown != nil {
			found, unread := p.resolve(ctx, resolve)
			if found != nil {
				return *found, nil
			}
			if errors.Is(unread, ErrConflict) {
				return Published{}, unread
			}
			if lost && (unread == nil || unknown == nil) {
				return Published{}, &failure{ErrConflict, message.Subject, nil}
			}
		}
		if refused && unknown == nil {
			return Published{}, &failure{ErrNotStored, message.Subject, err}
		}
		if !pause(ctx, attempt) || p.connection.IsClosed() {
			if unknown != nil {
				return Published{}, &failure{ErrOutcomeUnknown, message.Subject, unknown}
			}
			return Published{}, &failure{ErrNotStored, message.Subject, err}
		}
	}
}

func (p *Publisher) once(ctx context.Context, message *nats.Msg) (*nats.PubAck, error) {
	limited, cancel := context.WithTimeout(ctx, p.attemptTime())
	defer cancel()
	return p.jetstream.PublishMsg(message, nats.Context(limited), nats.RetryAttempts(0))
}

func (p *Publisher) resolve(ctx context.Context, resolve resolver) (*Published, error) {
	limited, cancel := context.WithTimeout(ctx, p.attemptTime())
	defer cancel()
	return resolve(limited)
}

func (p *Publisher) attemptTime() time.Duration {
	if p.AttemptTime > 0 {
		return p.AttemptTime
	}
	return 2 * time.Second
}

// mayBeStored: everything except JetStream's own "no", "nobody listens there" and what never left this process.
func mayBeStored(err error) bool {
	certain := []error{nats.ErrNoResponders, nats.ErrNoStreamResponse, nats.ErrConnectionClosed, nats.ErrMaxPayload}
	for _, each := range certain {
		if errors.Is(err, each) {
			return false
		}
	}
	return refusalCode(err) == 0
}

// pause waits before the next attempt; false: the context was done first.
func pause(ctx context.Context, attempt int) bool {
	timer := time.NewTimer(backoff(attempt, 25*time.Millisecond, time.Second))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// backoff doubles with each attempt up to a bound, with jitter.
func backoff(attempt int, first, most time.Duration) time.Duration {
	wait := most
	if attempt < 16 && first<<attempt < most {
		wait = first << attempt
	}
	return wait/2 + time.Duration(rand.Int63n(int64(wait/2)))
}
