package jetstream

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"time"

	"github.com/nats-io/nats.go"

	messages "client.devpie.io/troupe/messages"
)

// consumerConfig is the durable consumer that the members of a queue share.
type consumerConfig struct {
	Durable       string        `json:"durable_name"`
	AckPolicy     string        `json:"ack_policy"`
	AckWait       time.Duration `json:"ack_wait"` // nanoseconds
	DeliverPolicy string        `json:"deliver_policy"`
	MaxAckPending int           `json:"max_ack_pending"`
	FilterSubject string        `json:"filter_subject"`
}

// filterOf is the one filter that all of a stream passes. More may pass it, see messages.Stream.Holds: the commands of a
// category have two subjects, and with a filter for each of them nats-server now and then passes over messages
// (nats-io/nats-server#6932).
func filterOf(stream messages.Stream) string {
	switch {
	case stream.ID != "":
		return stream.String()
	case stream.Commands:
		return stream.Category + ".>"
	default:
		return stream.String() + ".*"
	}
}

var queueName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// ensureConsumer makes the queue's consumer unless it is there: every message from the first on, explicit ack. One that
// is there and differs is an error that names the setting, for changing it would change it for the other members too.
// It returns the name of the JetStream stream.
func ensureConsumer(ctx context.Context, connection *nats.Conn, stream messages.Stream, options ListenOptions) (string, error) {
	if !queueName.MatchString(options.Queue) {
		return "", fmt.Errorf("queue '%.64s' must be 1 to 64 of [A-Za-z0-9_-]", options.Queue)
	}
	name, err := findCategory(ctx, connection, stream.Category)
	if err != nil {
		return "", err
	}
	wanted := consumerConfig{
		Durable: options.Queue, AckPolicy: "explicit", AckWait: options.AckWait, DeliverPolicy: "all", MaxAckPending: 1000,
		FilterSubject: filterOf(stream),
	}
	if options.Ordered {
		wanted.MaxAckPending = 1
	}
	var found struct {
		Config consumerConfig `json:"config"`
	}
	err = ask(ctx, connection, "CONSUMER.INFO."+name+"."+options.Queue, struct{}{}, &found)
	if isGone(err) {
		question := map[string]interface{}{"stream_name": name, "config": wanted}
		err = ask(ctx, connection, "CONSUMER.DURABLE.CREATE."+name+"."+options.Queue, question, &found)
	}
	if err != nil {
		return "", err
	}
	has, wants := membersOf(found.Config), membersOf(wanted)
	for setting := range wants {
		if string(has[setting]) != string(wants[setting]) {
			return "", fmt.Errorf("queue '%s' has %s %s, not %s: use the same settings, or another queue name",
				options.Queue, setting, has[setting], wants[setting])
		}
	}
	return name, nil
}

func membersOf(config consumerConfig) map[string]json.RawMessage {
	var members map[string]json.RawMessage
	text, err := json.Marshal(config)
	if err == nil {
		err = json.Unmarshal(text, &members)
	}
	if err != nil {
		panic(err) // the struct has nothing that fails to be written
	}
	return members
}
