// Package jetstream publishes Troupe's messages and follows its streams on NATS JetStream.
package jetstream

import (
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
)

var (
	// ErrConflict says that the entity's stream has moved on since it was read: nothing was stored. Read it again,
	// decide again.
	ErrConflict = errors.New("the stream has moved on")

	// ErrOutcomeUnknown says that nobody answered in time that the message was stored, and nobody that it was not: it
	// may be, now or later.
	ErrOutcomeUnknown = errors.New("whether the message was stored is unknown")

	// ErrNotStored says that the message was certainly not stored: nobody listens there, or JetStream refused it.
	ErrNotStored = errors.New("the message was not stored")

	// ErrGone says that a listener's consumer, or the JetStream stream, was deleted.
	ErrGone = errors.New("the consumer or its stream was deleted")
)

// failure is one of the errors above, and why.
type failure struct {
	kind   error
	stream string
	cause  error
}

func (f *failure) Error() string {
	if f.cause == nil {
		return fmt.Sprintf("%s: %v", f.stream, f.kind)
	}
	return fmt.Sprintf("%s: %v (%v)", f.stream, f.kind, f.cause)
}

func (f *failure) Is(target error) bool { return target == f.kind }
func (f *failure) Unwrap() error        { return f.cause }

// refusalCode is the code of an answer of JetStream's that says no; 0 for everything that is no such answer.
func refusalCode(err error) nats.ErrorCode {
	var refusal *nats.APIError
	if errors.As(err, &refusal) {
		return refusal.ErrorCode
	}
	return 0
}

// isLostRace: a lost compare-and-set is 10071, and on servers newer than 2.10 also 10164.
func isLostRace(err error) bool {
	code := refusalCode(err)
	return code == 10071 || code == 10164
}

// isGone tells that stream or consumer is not there (any more).
func isGone(err error) bool {
	code := refusalCode(err)
	return code == 10014 || code == 10059
}
