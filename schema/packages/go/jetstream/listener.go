package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	messages "client.devpie.io/troupe/messages"
)

// Received is a message as a handler gets it.
type Received struct {
	messages.Envelope
	// Stream is where it was published: "identity.4711", "identity.command.4711".
	Stream string
	// Position is its place in the log. The envelopes of one message share it.
	Position uint64
	// Index is its place among the envelopes of its message, from 0.
	Index int
	// Attempt is 1 the first time. More: it was delivered before and not acknowledged, so perhaps handled before.
	Attempt uint64
}

// Handler handles one message. Its context is done after HandlerTimeout; a listener that stops waits for it.
type Handler func(ctx context.Context, message Received) error

// Handlers are found by the message's type; a type that has none is skipped.
type Handlers map[string]Handler

// ProblemKind says what went wrong, and what becomes of the message. What is not delivered again stays in the log at
// its position.
type ProblemKind string

const (
	// Malformed: the message cannot be read. It is not delivered to this queue again.
	Malformed ProblemKind = "malformed"
	// Failed: the handler returned an error. The message comes again after RetryIn.
	Failed ProblemKind = "failed"
	// GivenUp: the message failed, or ended its process, too often. It is not delivered to this queue again.
	GivenUp ProblemKind = "given-up"
	// Slow: the handler has run longer than HandlerTimeout. Other members may get the message.
	Slow ProblemKind = "slow"
	// Connection: messages could not be fetched. The listener tries again.
	Connection ProblemKind = "connection"
)

// Problem is something that went wrong and that the listener went on from.
type Problem struct {
	Kind     ProblemKind
	Err      error
	Stream   string
	Position uint64
	Attempt  uint64
	RetryIn  time.Duration
}

// ListenOptions say what to follow, and how. Only the first three must be given.
type ListenOptions struct {
	// Stream is "identity.4711", "identity", "identity.command.4711" or "identity.command".
	Stream string
	// Queue names the durable subscription. Members with the same name share its messages, and a later one resumes it.
	Queue string
	// OnProblem is told of every problem, from one goroutine at a time.
	OnProblem func(Problem)
	// Validate looks at an envelope before its handler does; an error says why the message is malformed.
	Validate func(messages.Envelope) error
	// Batch is how many messages are fetched at once, at most and usually 100.
	Batch int
	// AckWait is how long JetStream waits for an acknowledgement before it delivers a message again; usually 5 seconds.
	AckWait time.Duration
	// HandlerTimeout is how long a handler may take; usually a minute.
	HandlerTimeout time.Duration
	// MaxAttempts is after how many deliveries a message is given up; usually 20.
	MaxAttempts uint64
	// Ordered lets nothing be delivered, to any member, while a message is unacknowledged: strict order, and slower.
	Ordered bool
}

func (o *ListenOptions) complete() error {
	if o.OnProblem == nil {
		return errors.New("OnProblem must be given")
	}
	if o.Batch == 0 {
		o.Batch = 100
	}
	if o.AckWait == 0 {
		o.AckWait = 5 * time.Second
	}
	if o.HandlerTimeout == 0 {
		o.HandlerTimeout = time.Minute
	}
	if o.MaxAttempts == 0 {
		o.MaxAttempts = 20
	}
	if o.Batch < 1 || o.Batch > 100 {
		return errors.New("Batch must be 1 to 100")
	}
	if o.AckWait < 100*time.Millisecond {
		return errors.New("AckWait must be at least 100 milliseconds")
	}
	return nil
}

// Listen follows a stream from its beginning, or from where the queue's members left off: it fetches batches, handles
// one message after the other, and acknowledges each when its handlers are done. Everything fetched and not yet
// acknowledged is kept in progress meanwhile.
//
// When the context is done the message in hand is finished and acknowledged, those that wait behind it are given back
// (and come again in their order only where the queue is Ordered), and Listen returns nil. It returns an error when it
// cannot go on: ErrGone, nats.ErrConnectionClosed, or what is wrong with its options.
func Listen(ctx context.Context, connection *nats.Conn, options ListenOptions, handlers Handlers) error {
	if err := options.complete(); err != nil {
		return err
	}
	stream, err := messages.ParseStream(options.Stream)
	if err != nil {
		return err
	}
	name, err := ensureConsumer(ctx, connection, stream, options)
	if ctx.Err() != nil {
		return nil // asked to stop before it had started
	}
	if err != nil {
		return err
	}
	l := &listener{
		ListenOptions: options,
		connection:    connection,
		stream:        stream,
		handlers:      handlers,
		consumer:      name + "." + options.Queue,
		inbox:         nats.NewInbox(),
		incoming:      make(chan *nats.Msg, 4*options.Batch),
		handled:       make(chan error, 1),
	}
	return l.run(ctx)
}

// listener is one member of a queue. All of it belongs to the goroutine of run; only the handlers have another.
type listener struct {
	ListenOptions
	connection *nats.Conn
	stream     messages.Stream
	handlers   Handlers
	consumer   string // "STREAM.QUEUE", as JetStream's API wants it

	inbox    string
	incoming chan *nats.Msg
	pulls    int       // so far; names each, so that a late word about an old one is known
	expected int       // messages that the present pull may still bring
	pullEnds time.Time // when the server has forgotten the present pull
	failures int       // to pull, in a row
	nextPull time.Time

	waiting []*nats.Msg
	current *nats.Msg
	since   time.Time // current is being handled
	slow    bool
	handled chan error
}

// pullTime is how long one pull waits for messages; also how soon a broker that came back is asked again.
const pullTime = 2 * time.Second

func (l *listener) run(ctx context.Context) error {
	subscription, err := l.connection.ChanSubscribe(l.inbox+".*", l.incoming)
	if err != nil {
		return err
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	extended := time.Now()
	stop := ctx.Done()
	var failed error
	for {
		stopping := stop == nil
		if stopping && l.current == nil {
			l.giveBack()
			if failed == nil {
				failed = l.connection.FlushTimeout(answerTime)
			}
			return failed
		}
		if !stopping {
			l.startNext()
			l.pull()
		}
		select {
		case <-stop:
		case message := <-l.incoming:
			if failed = l.take(ctx, message); failed == nil {
				continue
			}
		case err := <-l.handled:
			l.finish(err)
			continue
		case now := <-tick.C:
			if l.connection.IsClosed() {
				failed = nats.ErrConnectionClosed
			} else if now.Sub(extended) > l.AckWait/3 {
				extended = now
				l.keepInProgress(now)
			}
			if failed == nil {
				continue
			}
		}
		if stop != nil { // asked to, or cannot go on
			stop = nil
			if err := subscription.Unsubscribe(); err != nil && failed == nil {
				failed = err
			}
		}
	}
}

// pull asks for messages whenever less than a batch is in hand and no other pull is under way.
func (l *listener) pull() {
	now := time.Now()
	room := l.Batch - len(l.waiting)
	if l.current != nil {
		room--
	}
	if room <= 0 || l.slow || now.Before(l.nextPull) || (l.expected > 0 && now.Before(l.pullEnds)) {
		return
	}
	l.pulls++
	l.expected = room
	l.pullEnds = now.Add(pullTime + pullTime/2)
	question, err := json.Marshal(map[string]interface{}{"batch": room, "expires": pullTime})
	if err == nil {
		err = l.connection.PublishRequest("$JS.API.CONSUMER.MSG.NEXT."+l.consumer, l.pullInbox(), question)
	}
	if err != nil {
		l.pullFailed(err)
	}
}

func (l *listener) pullInbox() string { return fmt.Sprintf("%s.%d", l.inbox, l.pulls) }

func (l *listener) pullFailed(err error) {
	l.failures++
	l.expected = 0
	l.nextPull = time.Now().Add(backoff(l.failures, 125*time.Millisecond, 30*time.Second))
	l.OnProblem(Problem{Kind: Connection, Err: err})
}

// take receives a message, or the server's word about a pull: only a message keeps its own subject.
func (l *listener) take(ctx context.Context, message *nats.Msg) error {
	if !strings.HasPrefix(message.Subject, l.inbox) {
		l.expected--
		l.failures = 0
		l.waiting = append(l.waiting, message)
		return nil
	}
	if message.Subject != l.pullInbox() {
		return nil
	}
	switch status := message.Header.Get("Status"); status {
	case "100": // still there
	case "404", "408": // nothing (more) came in time
		l.expected = 0
		l.failures = 0
	default:
		reason := fmt.Errorf("%s %s", status, message.Header.Get("Description"))
		var info struct{}
		if isGone(ask(ctx, l.connection, "CONSUMER.INFO."+l.consumer, struct{}{}, &info)) {
			return &failure{ErrGone, l.Stream, reason}
		}
		l.pullFailed(reason)
	}
	return nil
}

func (l *listener) startNext() {
	if l.current != nil || len(l.waiting) == 0 {
		return
	}
	l.current, l.waiting = l.waiting[0], l.waiting[1:]
	l.since, l.slow = time.Now(), false
	message := l.current
	go func() { l.handled <- l.handle(message) }()
}

// gaveUp is why a message is not to be delivered again.
type gaveUp struct {
	kind ProblemKind
	err  error
}

func (g *gaveUp) Error() string { return g.err.Error() }

// handle runs on a goroutine of its own and touches nothing of the listener that changes.
func (l *listener) handle(message *nats.Msg) error {
	info, err := message.Metadata()
	if err != nil {
		return &gaveUp{Malformed, err}
	}
	if !l.stream.Holds(message.Subject) {
		return nil
	}
	if info.NumDelivered > l.MaxAttempts {
		return &gaveUp{GivenUp, fmt.Errorf("delivered %d times without success", info.NumDelivered-1)}
	}
	envelopes, err := messages.Decode(message.Data)
	if err != nil {
		return &gaveUp{Malformed, err}
	}
	for _, envelope := range envelopes {
		if l.Validate == nil || l.handlers[envelope.Type] == nil {
			continue
		}
		if err := l.Validate(envelope); err != nil {
			return &gaveUp{Malformed, err}
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), l.HandlerTimeout)
	defer cancel()
	for index, envelope := range envelopes {
		handler := l.handlers[envelope.Type]
		if handler == nil {
			continue
		}
		received := Received{envelope, message.Subject, info.Sequence.Stream, index, info.NumDelivered}
		if err := handler(ctx, received); err != nil {
			return err
		}
	}
	return nil
}

// finish acknowledges the message in hand, gives it up, or has it delivered again.
func (l *listener) finish(err error) {
	message := l.current
	l.current, l.slow = nil, false
	if err == nil {
		l.answered(message.Ack())
		return
	}
	problem := l.problemWith(message, Failed, err)
	var final *gaveUp
	if errors.As(err, &final) {
		problem.Kind, problem.Err = final.kind, final.err
	} else if problem.Attempt >= l.MaxAttempts {
		problem.Kind = GivenUp
	}
	if problem.Kind == Failed {
		problem.RetryIn = backoff(int(problem.Attempt), 125*time.Millisecond, 30*time.Second)
		l.answered(message.NakWithDelay(problem.RetryIn))
	} else {
		l.answered(message.Term())
	}
	l.OnProblem(problem)
}

func (l *listener) problemWith(message *nats.Msg, kind ProblemKind, err error) Problem {
	problem := Problem{Kind: kind, Err: err, Stream: message.Subject}
	if info, unread := message.Metadata(); unread == nil {
		problem.Position, problem.Attempt = info.Sequence.Stream, info.NumDelivered
	}
	return problem
}

// answered: an answer that did not get away is no harm, for the message comes again.
func (l *listener) answered(err error) {
	if err != nil {
		l.OnProblem(Problem{Kind: Connection, Err: err})
	}
}

func (l *listener) giveBack() {
	for _, message := range l.waiting {
		l.answered(message.Nak())
	}
	l.waiting = nil
}

func (l *listener) keepInProgress(now time.Time) {
	if l.current != nil && now.Sub(l.since) > l.HandlerTimeout {
		if !l.slow {
			l.slow = true
			l.giveBack()
			l.OnProblem(l.problemWith(l.current, Slow, fmt.Errorf("the handler has run for more than %v", l.HandlerTimeout)))
		}
		return
	}
	if l.current != nil {
		l.answered(l.current.InProgress())
	}
	for _, message := range l.waiting {
		l.answered(message.InProgress())
	}
}
