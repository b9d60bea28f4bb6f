package jetstream

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"reflect"
	"sort"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	messages "client.devpie.io/troupe/messages"
)

// With MEMBER_OF set to the address of a server, the test program is a member of a queue and nothing else: it prints
// what it handles, and ends itself right after handling "crash" for the first time, before that is acknowledged.
func TestMain(m *testing.M) {
	url := os.Getenv("MEMBER_OF")
	if url == "" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	connection, err := nats.Connect(url)
	if err == nil {
		err = Listen(ctx, connection, ListenOptions{
			Stream: "things", Queue: "readers", AckWait: 500 * time.Millisecond,
			OnProblem: func(problem Problem) { fmt.Println("problem", problem) },
		}, Handlers{"Happened": func(_ context.Context, message Received) error {
			fmt.Println(message.ID, message.Attempt, message.Position)
			if message.ID == "crash" && message.Attempt == 1 {
				if err := connection.Flush(); err != nil { // what came before is acknowledged
					return err
				}
				return syscall.Kill(os.Getpid(), syscall.SIGKILL)
			}
			return nil
		}})
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func TestEverythingFromTheBeginningComesInOrderWithItsPlace(t *testing.T) {
	s := start(t)
	s.write("things.1", "1")
	s.raw("things.2", `[{"id":"2","type":"Happened","metadata":{},"data":{}},{"id":"x","type":"OfALaterVersion","metadata":{},"data":{}},`+
		`{"id":"3","type":"Happened","metadata":{},"data":{"name":"`+name+`"}}]`)
	s.write("things.command.1", "command")
	s.write("things.command", "command")
	m := s.listen(s.connection, nil, nil)
	s.write("things.1", "4")
	for _, place := range []string{"1 things.1 1 0 1", "2 things.2 2 0 1", "3 things.2 2 2 1", "4 things.1 5 0 1"} {
		message := m.next()
		got := fmt.Sprintf("%s %s %d %d %d", message.ID, message.Stream, message.Position, message.Index, message.Attempt)
		if got != place {
			t.Errorf("%s is not %s", got, place)
		}
		if message.ID == "3" && !strings.Contains(string(message.Data), name) {
			t.Errorf("%s", message.Data)
		}
	}
	m.stopped()
	s.settled(5)
}

func TestEachFormOfStreamHoldsItsOwnMessages(t *testing.T) {
	s := start(t)
	for _, subject := range []string{"things.1", "things.2", "things.command.1", "things.command.2", "things.command", "things.1"} {
		s.write(subject, subject)
	}
	for stream, expected := range map[string][]string{
		"things":           {"things.1", "things.2", "things.1"},
		"things.1":         {"things.1", "things.1"},
		"things.command":   {"things.command.1", "things.command.2", "things.command"},
		"things.command.1": {"things.command.1"},
	} {
		m := s.listen(s.connection, func(o *ListenOptions) {
			o.Stream, o.Queue = stream, strings.ReplaceAll(stream, ".", "-")
		}, nil)
		if ids := m.ids(len(expected)); !reflect.DeepEqual(ids, expected) {
			t.Errorf("%s: %v", stream, ids)
		}
		m.stopped()
		if len(m.seen) != 0 {
			t.Errorf("%s: and %v", stream, m.next())
		}
	}
}

func TestARestartGoesOnAfterTheLastAcknowledgedMessage(t *testing.T) {
	s := start(t)
	for id := 1; id <= 5; id++ {
		s.write("things.1", fmt.Sprint(id))
	}
	third, gate := make(chan struct{}), make(chan struct{})
	options := func(o *ListenOptions) { o.AckWait = 10 * patience } // what is not given back does not come again in time
	first := s.listen(s.connect(), options, func(_ context.Context, message Received) error {
		if message.ID == "3" {
			close(third)
			<-gate
		}
		return nil
	})
	<-third
	first.stop()
	close(gate)
	must(t, first.end())
	second := s.listen(s.connection, options, nil)
	ids := second.ids(2)
	sort.Strings(ids)
	second.stopped()
	s.settled(5)
	if !reflect.DeepEqual(ids, []string{"4", "5"}) || len(first.seen) != 3 || len(second.seen) != 0 {
		t.Error(ids)
	}
}

func TestACrashBetweenHandlingAndAcknowledgingDeliversTheSameAgain(t *testing.T) {
	s := start(t)
	for _, id := range []string{"before", "crash", "after"} {
		s.write("things.1", id)
	}
	member := func() (*exec.Cmd, *bufio.Scanner) {
		command := exec.Command(os.Args[0])
		command.Env = append(os.Environ(), "MEMBER_OF="+s.url())
		output, err := command.StdoutPipe()
		must(t, err)
		must(t, command.Start())
		return command, bufio.NewScanner(output)
	}
	first, lines := member()
	var said []string
	for lines.Scan() {
		said = append(said, lines.Text())
	}
	if err := first.Wait(); err == nil || !reflect.DeepEqual(said, []string{"before 1 1", "crash 1 2"}) {
		t.Fatal(said, err)
	}
	second, lines := member()
	said = nil
	for len(said) < 2 && lines.Scan() {
		said = append(said, lines.Text())
	}
	must(t, second.Process.Signal(syscall.SIGTERM))
	must(t, second.Wait())
	sort.Strings(said)
	if len(said) != 2 || !strings.HasPrefix(said[0], "after ") || !strings.HasPrefix(said[1], "crash ") || said[1] == "crash 1 2" {
		t.Error(said)
	}
}

func TestTwoMembersOfAQueueShareItsMessages(t *testing.T) {
	s := start(t)
	gate := make(chan struct{})
	var members []*member
	for len(members) < 2 {
		members = append(members, s.listen(s.connect(), func(o *ListenOptions) { o.Batch = 1 }, func(context.Context, Received) error {
			<-gate
			return nil
		}))
	}
	var wanted []string
	for id := 10; id < 30; id++ {
		wanted = append(wanted, fmt.Sprint(id))
		s.write("things.1", fmt.Sprint(id))
	}
	ids := append(members[0].ids(1), members[1].ids(1)...) // each has one in hand
	close(gate)
	for len(ids) < 20 {
		select {
		case message := <-members[0].seen:
			ids = append(ids, message.ID)
		case message := <-members[1].seen:
			ids = append(ids, message.ID)
		case <-time.After(patience):
			t.Fatal(ids)
		}
	}
	members[0].stopped()
	members[1].stopped()
	if sort.Strings(ids); !reflect.DeepEqual(ids, wanted) {
		t.Error(ids)
	}
	s.settled(20)
}

func TestAMalformedMessageIsToldOnceAndNotDeliveredAgain(t *testing.T) {
	s := start(t)
	s.raw("things.1", `{"id":"1","type":"Happened","metadata":{},"data":[]}`)
	s.raw("things.2", "{\xff}")
	s.raw("things.3", "")
	s.write("things.4", "wrong")
	s.write("things.5", "ok")
	m := s.listen(s.connection, func(o *ListenOptions) {
		o.Validate = func(envelope messages.Envelope) error {
			if envelope.ID == "wrong" {
				return errors.New("is wrong")
			}
			return nil
		}
	}, nil)
	if ids := m.ids(1); ids[0] != "ok" {
		t.Error(ids)
	}
	m.stopped()
	for i, reason := range []string{"member 'data' must be an object", "the body must be UTF-8", "the body must be JSON", "is wrong"} {
		problem := m.problem()
		if problem.Kind != Malformed || problem.Err.Error() != reason || problem.Position != uint64(i+1) || problem.Stream != fmt.Sprintf("things.%d", i+1) {
			t.Error(problem)
		}
	}
	s.settled(5)
	if len(m.problems) != 0 {
		t.Error(m.problem())
	}
}

func TestAHandlerThatFailsIsCalledAgainAndGivenUpAtLast(t *testing.T) {
	s := start(t)
	s.write("things.1", "bad")
	s.write("things.2", "good")
	m := s.listen(s.connection, func(o *ListenOptions) { o.MaxAttempts = 3 }, func(_ context.Context, message Received) error {
		if message.ID == "bad" {
			return errors.New("cannot")
		}
		return nil
	})
	for i, kind := range []ProblemKind{Failed, Failed, GivenUp} {
		if problem := m.problem(); problem.Kind != kind || problem.Attempt != uint64(i+1) || problem.Position != 1 {
			t.Error(problem)
		}
	}
	m.stopped()
	ids := m.ids(4)
	if sort.Strings(ids); !reflect.DeepEqual(ids, []string{"bad", "bad", "bad", "good"}) {
		t.Error(ids)
	}
	s.settled(2)
}

// Counted by the server's own clock: a message that nobody keeps in progress comes back meanwhile.
func TestWhatTakesLongAndWhatWaitsBehindItIsKeptInProgress(t *testing.T) {
	s := start(t)
	s.write("things.1", "1")
	s.write("things.1", "2")
	ackWait := 4 * time.Second
	control, err := s.client.PullSubscribe("things.*", "control", nats.AckWait(ackWait), nats.BindStream("troupe_things"))
	must(t, err)
	gate := make(chan struct{})
	m := s.listen(s.connection, func(o *ListenOptions) { o.AckWait = ackWait }, func(context.Context, Received) error {
		<-gate
		return nil
	})
	ids := m.ids(1)
	for deliveries := uint64(0); deliveries < 2; {
		fetched, err := control.Fetch(1, nats.MaxWait(patience))
		must(t, err)
		info, err := fetched[0].Metadata()
		must(t, err)
		if info.Sequence.Stream == 1 {
			deliveries = info.NumDelivered
		}
	}
	if info := s.queue("readers"); info.NumRedelivered != 0 {
		t.Error(info)
	}
	close(gate)
	second := m.next()
	m.stopped()
	if ids[0] != "1" || second.ID != "2" || second.Attempt != 1 {
		t.Error(ids, second)
	}
}

func TestAHandlerThatNeverEndsIsToldAndItsMessagesGoToOthers(t *testing.T) {
	s := start(t)
	s.write("things.1", "1")
	s.write("things.1", "2")
	options := func(o *ListenOptions) { o.AckWait, o.HandlerTimeout = 300*time.Millisecond, 200*time.Millisecond }
	gate, timedOut := make(chan struct{}), make(chan struct{})
	stuck := s.listen(s.connect(), options, func(ctx context.Context, _ Received) error {
		<-ctx.Done()
		close(timedOut)
		<-gate
		return nil
	})
	if problem := stuck.problem(); problem.Kind != Slow || problem.Position != 1 {
		t.Error(problem)
	}
	<-timedOut
	other := s.listen(s.connect(), options, nil)
	for handled := map[string]bool{}; len(handled) < 2; {
		handled[other.next().ID] = true
	}
	stuck.stop()
	close(gate)
	must(t, stuck.end())
	other.stopped()
	if len(stuck.seen) != 1 {
		t.Error(len(stuck.seen))
	}
}

func TestWithStrictOrderNothingOvertakesAMessageThatFailed(t *testing.T) {
	s := start(t)
	for id := 1; id <= 3; id++ {
		s.write("things.1", fmt.Sprint(id))
	}
	m := s.listen(s.connection, func(o *ListenOptions) { o.Ordered = true }, func(_ context.Context, message Received) error {
		if message.ID == "1" && message.Attempt < 3 {
			return errors.New("not yet")
		}
		return nil
	})
	if ids := m.ids(5); !reflect.DeepEqual(ids, []string{"1", "1", "1", "2", "3"}) {
		t.Error(ids)
	}
	m.stopped()
}

func TestNeverMoreThanABatchIsInHand(t *testing.T) {
	s := start(t)
	for id := 0; id < 30; id++ {
		s.write("things.1", fmt.Sprint(id))
	}
	most, done := 0, 0
	m := s.listen(s.connection, func(o *ListenOptions) { o.Batch = 7 }, func(context.Context, Received) error {
		info, err := s.client.ConsumerInfo("troupe_things", "readers")
		if err != nil {
			return err
		}
		if inHand := int(info.Delivered.Consumer) - done; inHand > most {
			most = inHand
		}
		done++
		return nil
	})
	m.ids(30)
	m.stopped()
	if most < 2 || most > 7 || len(m.problems) != 0 {
		t.Error(most)
	}
}

func TestAListenerOutlastsARestartOfTheServer(t *testing.T) {
	s := start(t)
	s.write("things.1", "1")
	m := s.listen(s.connection, nil, nil)
	m.ids(1)
	s.kill()
	s.server.start()
	for deadline := time.Now().Add(patience); ; {
		_, err := s.client.Publish("things.1", []byte(`{"id":"2","type":"Happened","metadata":{},"data":{}}`))
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	for m.next().ID != "2" { // the first may come again: its acknowledgement can have been lost
	}
	m.stopped()
}

func TestAListenerThatCannotGoOnSaysSo(t *testing.T) {
	s := start(t)
	s.write("things.1", "1")
	deleted := s.listen(s.connection, nil, nil)
	deleted.ids(1)
	must(t, s.client.DeleteConsumer("troupe_things", "readers"))
	if err := deleted.end(); !errors.Is(err, ErrGone) {
		t.Error(err)
	}
	own := s.connect()
	closed := s.listen(own, nil, nil)
	closed.ids(1)
	own.Close()
	if err := closed.end(); !errors.Is(err, nats.ErrConnectionClosed) {
		t.Error(err)
	}
}

func TestAWrongSettingIsNamed(t *testing.T) {
	s := start(t)
	s.write("things.1", "1")
	first := s.listen(s.connection, nil, nil)
	first.ids(1)
	first.stopped()
	for reason, change := range map[string]func(*ListenOptions){
		"Batch must be":        func(o *ListenOptions) { o.Batch = 101 },
		"AckWait must be":      func(o *ListenOptions) { o.AckWait = 1 },
		"queue 'a b' must be":  func(o *ListenOptions) { o.Queue = "a b" },
		"OnProblem must be":    func(o *ListenOptions) { o.OnProblem = nil },
		"entity id":            func(o *ListenOptions) { o.Stream = "things.>" },
		"category 'others'":    func(o *ListenOptions) { o.Stream = "others" },
		"ack_wait 5000000000,": func(o *ListenOptions) { o.AckWait = time.Second },
		"max_ack_pending 1000": func(o *ListenOptions) { o.Ordered = true },
		"filter_subject":       func(o *ListenOptions) { o.Stream = "things.1" },
	} {
		if err := s.listen(s.connection, change, nil).end(); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: %v", reason, err)
		}
	}
}
