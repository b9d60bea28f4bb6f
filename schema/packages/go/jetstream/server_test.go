package jetstream

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	messages "client.devpie.io/troupe/messages"
)

// patience is for everything that must come: generous, for slow machines.
const patience = time.Minute

// server is a nats-server with JetStream on a free port and in a temporary directory; NATS_SERVER names the program.
type server struct {
	t       *testing.T
	port    int
	folder  string
	command *exec.Cmd
}

func startServer(t *testing.T) *server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	s := &server{t: t, port: listener.Addr().(*net.TCPAddr).Port, folder: t.TempDir()}
	must(t, listener.Close())
	s.start()
	t.Cleanup(func() { s.kill() })
	return s
}

func (s *server) url() string { return fmt.Sprintf("nats://127.0.0.1:%d", s.port) }

// start starts the program, or starts it again on the same port and files.
func (s *server) start() {
	s.t.Helper()
	program := os.Getenv("NATS_SERVER")
	if program == "" {
		program = "nats-server"
	}
	s.command = exec.Command(program, "-a", "127.0.0.1", "-p", fmt.Sprint(s.port), "-js", "-sd", s.folder)
	log, err := s.command.StderrPipe()
	must(s.t, err)
	must(s.t, s.command.Start())
	var said []string
	for lines := bufio.NewScanner(log); lines.Scan(); {
		said = append(said, lines.Text())
		if strings.Contains(lines.Text(), "Server is ready") {
			go func() {
				for lines.Scan() { // so that the server never waits for a reader
				}
			}()
			return
		}
	}
	s.t.Fatalf("%s did not start:\n%s", program, strings.Join(said, "\n"))
}

func (s *server) kill() {
	_ = s.command.Process.Kill()
	_ = s.command.Wait()
}

// stop stops the program in the middle of what it does, and returns when all its threads stand.
func (s *server) stop() {
	s.t.Helper()
	must(s.t, s.command.Process.Signal(syscall.SIGSTOP))
	for standing := false; !standing; {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", s.command.Process.Pid))
		must(s.t, err)
		standing = true
		for _, thread := range threads {
			text, err := os.ReadFile(thread)
			standing = standing && err == nil && strings.Contains(string(text), ") T ")
		}
	}
}

func (s *server) resume() { must(s.t, s.command.Process.Signal(syscall.SIGCONT)) }

func (s *server) connect() *nats.Conn {
	s.t.Helper()
	connection, err := nats.Connect(s.url(), nats.ReconnectWait(50*time.Millisecond), nats.MaxReconnects(-1))
	must(s.t, err)
	s.t.Cleanup(connection.Close)
	return connection
}

// started is a server with the category `things`, and ways to write there.
type started struct {
	*server
	connection *nats.Conn
	client     nats.JetStreamContext
	publisher  *Publisher
}

func start(t *testing.T) *started {
	t.Helper()
	s := &started{server: startServer(t)}
	s.connection = s.connect()
	must(t, EnsureCategory(context.Background(), s.connection, "things", 1))
	var err error
	s.client, err = s.connection.JetStream()
	must(t, err)
	s.publisher, err = NewPublisher(s.connection)
	must(t, err)
	return s
}

func (s *started) raw(subject, body string) {
	s.t.Helper()
	_, err := s.client.Publish(subject, []byte(body))
	must(s.t, err)
}

func (s *started) write(subject string, ids ...string) {
	s.t.Helper()
	var all []messages.Envelope
	for _, id := range ids {
		all = append(all, messages.Envelope{ID: id, Type: "Happened", Data: []byte("{}")})
	}
	body, err := messages.Encode(all)
	must(s.t, err)
	s.raw(subject, string(body))
}

func (s *started) queue(name string) *nats.ConsumerInfo {
	s.t.Helper()
	info, err := s.client.ConsumerInfo("troupe_things", name)
	must(s.t, err)
	return info
}

// settled waits until everything up to a position is acknowledged.
func (s *started) settled(position uint64) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); ; {
		info := s.queue("readers")
		if info.NumAckPending == 0 && info.AckFloor.Stream == position {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%+v", info)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// member is a listener that tells what it was given.
type member struct {
	t        *testing.T
	seen     chan Received
	problems chan Problem
	stop     context.CancelFunc
	ended    chan error
}

func (s *started) listen(connection *nats.Conn, change func(*ListenOptions), handle Handler) *member {
	s.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	m := &member{s.t, make(chan Received, 1000), make(chan Problem, 1000), stop, make(chan error, 1)}
	options := ListenOptions{Stream: "things", Queue: "readers", OnProblem: func(p Problem) { m.problems <- p }}
	if change != nil {
		change(&options)
	}
	go func() {
		m.ended <- Listen(ctx, connection, options, Handlers{"Happened": func(ctx context.Context, message Received) error {
			m.seen <- message
			if handle == nil {
				return nil
			}
			return handle(ctx, message)
		}})
	}()
	s.t.Cleanup(stop)
	return m
}

func (m *member) next() Received {
	m.t.Helper()
	select {
	case message := <-m.seen:
		return message
	case <-time.After(patience):
		m.t.Fatal("no message came")
		return Received{}
	}
}

func (m *member) ids(count int) []string {
	m.t.Helper()
	ids := []string{}
	for len(ids) < count {
		ids = append(ids, m.next().ID)
	}
	return ids
}

func (m *member) problem() Problem {
	m.t.Helper()
	select {
	case problem := <-m.problems:
		return problem
	case <-time.After(patience):
		m.t.Fatal("no problem came")
		return Problem{}
	}
}

func (m *member) end() error {
	m.t.Helper()
	select {
	case err := <-m.ended:
		return err
	case <-time.After(patience):
		m.t.Fatal("the listener did not end")
		return nil
	}
}

// stopped stops the listener, which must end cleanly.
func (m *member) stopped() {
	m.t.Helper()
	m.stop()
	must(m.t, m.end())
}
