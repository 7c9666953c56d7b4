package linkgen_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// script is what the raw server does with one connection whose request it has read. It returns when
// the client is gone or there is no more to say.
type script func(c net.Conn)

// rawServer is an API server below HTTP: it can break any rule. Without a script it answers well.
type rawServer struct {
	listener net.Listener
	early    atomic.Pointer[script] // run instead of reading the request
	late     atomic.Pointer[script] // run after the request was read
	mu       sync.Mutex
	conns    map[net.Conn]bool
	served   sync.WaitGroup
}

func newRawServer(t testing.TB) *rawServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &rawServer{listener: l, conns: make(map[net.Conn]bool)}
	s.served.Go(s.accept)
	t.Cleanup(s.close)
	return s
}

func (s *rawServer) url() string { return "http://" + s.listener.Addr().String() }

func (s *rawServer) close() {
	s.listener.Close()
	s.mu.Lock()
	for c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.served.Wait()
}

func (s *rawServer) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns[c] = true
		s.mu.Unlock()
		s.served.Go(func() {
			s.serve(c)
			c.Close()
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
		})
	}
}

func (s *rawServer) serve(c net.Conn) {
	in := bufio.NewReader(c)
	for {
		if early := s.early.Load(); early != nil {
			(*early)(c)
			return
		}
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		io.Copy(io.Discard, r.Body)
		if late := s.late.Load(); late != nil {
			(*late)(c)
			return
		}
		io.WriteString(c, httpAnswer(200, `{"meta":{"httpStatus":200},"result":{"onelink":"https://pay.example.com/ada/1"}}`))
	}
}

// httpAnswer is a whole HTTP/1.1 answer.
func httpAnswer(status int, body string, header ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\nContent-Length: %d\r\n", status, http.StatusText(status), len(body))
	for i := 0; i+1 < len(header); i += 2 {
		fmt.Fprintf(&b, "%s: %s\r\n", header[i], header[i+1])
	}
	return b.String() + "\r\n" + body
}

func sends(text string) script { return func(c net.Conn) { io.WriteString(c, text) } }

// answers sends a whole answer, the last one on its connection.
func answers(status int, body string, header ...string) script {
	return sends(httpAnswer(status, body, append(header, "Connection", "close")...))
}

// forever repeats a piece until nobody reads any more.
func forever(head, piece string) script {
	return func(c net.Conn) {
		for text := head; ; text = piece {
			if _, err := io.WriteString(c, text); err != nil {
				return
			}
		}
	}
}

// wait waits until the other side has closed.
func wait(c net.Conn) { io.Copy(io.Discard, c) }

// reset makes the connection die with a reset after text.
func reset(text string) script {
	return func(c net.Conn) {
		io.WriteString(c, text)
		c.(*net.TCPConn).SetLinger(0)
	}
}
