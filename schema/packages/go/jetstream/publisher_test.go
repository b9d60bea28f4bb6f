package jetstream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	messages "client.devpie.io/troupe/messages"
)

const name = "Zoë 名 👩🏽‍🚀 e\u0301"

func command(t *testing.T) messages.Envelope {
	t.Helper()
	command, err := messages.NewCommand("Do", map[string]string{"name": name}, messages.Origin{})
	must(t, err)
	return command
}

func eventsOf(t *testing.T, command messages.Envelope, count int) []messages.Envelope {
	t.Helper()
	events, err := messages.EventsOf(command, make([]messages.NewEvent, count), 1, time.Now())
	must(t, err)
	for i := range events {
		events[i].Type, events[i].Data = "Happened", command.Data
	}
	return events
}

func TestACommandIsStoredWhenItIsConfirmedAndARepeatIsStoredOnce(t *testing.T) {
	s, ctx := start(t), context.Background()
	do := command(t)
	for attempt, duplicate := range []bool{false, true} {
		published, err := s.publisher.SendCommand(ctx, "things.command.1", do, "")
		if err != nil || published != (Published{1, duplicate}) {
			t.Fatal(attempt, published, err)
		}
	}
	stored, err := s.client.GetMsg("troupe_things", 1)
	must(t, err)
	if read, err := messages.Decode(stored.Data); err != nil || read[0].ID != do.ID || !strings.Contains(string(read[0].Data), name) {
		t.Error(read, err)
	}
	for position := uint64(2); position < 4; position++ { // each repeat must arrive to be answered
		published, err := s.publisher.SendCommand(ctx, "things.command.1", do, "answers.1")
		if err != nil || published != (Published{position, false}) {
			t.Fatal(published, err)
		}
	}
	stored, err = s.client.GetMsg("troupe_things", 3)
	must(t, err)
	if to := stored.Header.Get("Troupe-Outcome-To"); to != "answers.1" {
		t.Error(to)
	}
}

// The message of a command's events is named by the command's id, here as in Troupe; both are in one JetStream stream.
func TestACommandDoesNotStandInTheWayOfItsEvents(t *testing.T) {
	s, ctx := start(t), context.Background()
	do := command(t)
	_, err := s.publisher.SendCommand(ctx, "things.command.1", do, "")
	must(t, err)
	events := eventsOf(t, do, 1)
	for _, duplicate := range []bool{false, true} {
		published, err := s.publisher.AppendEvents(ctx, "things.1", events, 0)
		if err != nil || published != (Published{2, duplicate}) {
			t.Error(published, err)
		}
	}
}

func TestEventsAreAppendedOnlyWhereTheStreamWasExpectedToEnd(t *testing.T) {
	s, ctx := start(t), context.Background()
	first, err := s.publisher.AppendEvents(ctx, "things.1", eventsOf(t, command(t), 2), 0)
	must(t, err)
	_, err = s.publisher.AppendEvents(ctx, "things.2", eventsOf(t, command(t), 1), 0)
	must(t, err)
	for _, wrong := range []uint64{0, first.Position + 1, 1000} {
		if _, err := s.publisher.AppendEvents(ctx, "things.1", eventsOf(t, command(t), 1), wrong); !errors.Is(err, ErrConflict) {
			t.Error(wrong, err)
		}
	}
	second, err := s.publisher.AppendEvents(ctx, "things.1", eventsOf(t, command(t), 1), first.Position)
	must(t, err)
	history, err := ReadEntity(ctx, s.connection, "things.1", 0)
	must(t, err)
	if len(history.Events) != 3 || history.Events[1].Position != first.Position || history.Position != second.Position {
		t.Error(history)
	}
	history, err = ReadEntity(ctx, s.connection, "things.3", 0)
	if err != nil || len(history.Events) != 0 || history.Position != 0 {
		t.Error(history, err)
	}
}

func TestOfManyWritersAtOnceOneWins(t *testing.T) {
	s := start(t)
	var writers []*Publisher
	for len(writers) < 8 {
		writer, err := NewPublisher(s.connect())
		must(t, err)
		writers = append(writers, writer)
	}
	for round := 0; round < 20; round++ {
		results := make([]error, len(writers))
		var all sync.WaitGroup
		for i, writer := range writers {
			events := eventsOf(t, command(t), 1)
			all.Add(1)
			go func(i int, writer *Publisher) {
				defer all.Done()
				_, results[i] = writer.AppendEvents(context.Background(), fmt.Sprintf("things.%d", round), events, 0)
			}(i, writer)
		}
		all.Wait()
		won := 0
		for _, err := range results {
			if err == nil {
				won++
			} else if !errors.Is(err, ErrConflict) {
				t.Error(err)
			}
		}
		if won != 1 {
			t.Errorf("%d writers won round %d", won, round)
		}
	}
}

// As on a replicated stream, where the retry of a stored message is answered with the lost race.
func TestALostRaceAgainstItselfIsASuccess(t *testing.T) {
	s := start(t)
	events := eventsOf(t, command(t), 2)
	body, err := messages.Encode(events)
	must(t, err)
	s.raw("things.1", string(body))
	published, err := s.publisher.AppendEvents(context.Background(), "things.1", events, 0)
	if err != nil || published != (Published{1, true}) {
		t.Error(published, err)
	}
}

func TestWhatAStoppedServerMayHaveStoredIsUnknownAndNeitherFailedNorStoredTwice(t *testing.T) {
	s := start(t)
	s.publisher.AttemptTime = 200 * time.Millisecond
	do := command(t)
	events := eventsOf(t, do, 1)
	s.stop()
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	if _, err := s.publisher.AppendEvents(ctx, "things.1", events, 0); !errors.Is(err, ErrOutcomeUnknown) {
		t.Error(err)
	}
	s.resume()
	patient, err := NewPublisher(s.connection)
	must(t, err)
	_, err = patient.AppendEvents(context.Background(), "things.1", events, 0)
	must(t, err)
	history, err := ReadEntity(context.Background(), s.connection, "things.1", 0)
	if err != nil || len(history.Events) != 1 {
		t.Error(history, err)
	}
}

func TestAPublishOutlastsARestartOfTheServer(t *testing.T) {
	s := start(t)
	s.publisher.AttemptTime = 500 * time.Millisecond
	s.kill()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	events, published := eventsOf(t, command(t), 1), make(chan error, 1)
	go func() {
		_, err := s.publisher.AppendEvents(ctx, "things.1", events, 0)
		published <- err
	}()
	s.server.start()
	must(t, <-published)
	history, err := ReadEntity(ctx, s.connection, "things.1", 0)
	if err != nil || len(history.Events) != 1 {
		t.Error(history, err)
	}
}

func TestWhatCertainlyWasNotStoredSaysSo(t *testing.T) {
	s := start(t)
	var err error
	for deadline := time.Now().Add(patience); !errors.Is(err, ErrNotStored); { // unknown: the last attempt was cut off
		if err != nil && (!errors.Is(err, ErrOutcomeUnknown) || time.Now().After(deadline)) {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
		_, err = s.publisher.SendCommand(ctx, "others.command.1", command(t), "")
		cancel()
	}
	if _, err := ReadEntity(context.Background(), s.connection, "others.1", 0); err == nil || !strings.Contains(err.Error(), "call EnsureCategory") {
		t.Error(err)
	}
	_, err = s.client.UpdateStream(&nats.StreamConfig{Name: "troupe_things", Subjects: []string{"things.*", "things.command.*"},
		Discard: nats.DiscardNew, DenyDelete: true, DenyPurge: true, AllowDirect: true, MaxMsgSize: 100})
	must(t, err)
	if _, err := s.publisher.AppendEvents(context.Background(), "things.1", eventsOf(t, command(t), 1), 0); !errors.Is(err, ErrNotStored) {
		t.Error(err)
	}
	s.connection.Close()
	if _, err := s.publisher.SendCommand(context.Background(), "things.command.1", command(t), ""); !errors.Is(err, ErrNotStored) {
		t.Error(err)
	}
}

func TestNamesAreCheckedBeforeAnythingIsSent(t *testing.T) {
	s, ctx := start(t), context.Background()
	for _, stream := range []string{"things.1", "things", "Things.command.1", "things.command.*", "things.command.a b"} {
		if _, err := s.publisher.SendCommand(ctx, stream, command(t), ""); err == nil {
			t.Error(stream)
		}
	}
	for _, stream := range []string{"things", "things.command.1", "things.*", "things.command"} {
		if _, err := s.publisher.AppendEvents(ctx, stream, eventsOf(t, command(t), 1), 0); err == nil {
			t.Error(stream)
		}
	}
	if _, err := s.publisher.AppendEvents(ctx, "things.1", nil, 0); err == nil {
		t.Error("no events were appended")
	}
}

func TestACategoryIsMadeOnceAndAStreamWithoutItsSubjectsIsAnError(t *testing.T) {
	s, ctx := start(t), context.Background()
	must(t, EnsureCategory(ctx, s.connection, "things", 1))
	if s.client.PurgeStream("troupe_things") == nil {
		t.Error("the stream could be purged")
	}
	_, err := s.client.AddStream(&nats.StreamConfig{Name: "troupe_teams", Subjects: []string{"teams.*"}})
	must(t, err)
	if err := EnsureCategory(ctx, s.connection, "teams", 1); err == nil || !strings.Contains(err.Error(), "teams.command.*") {
		t.Error(err)
	}
	if EnsureCategory(ctx, s.connection, "Teams", 1) == nil {
		t.Error("Teams is no category")
	}
}
