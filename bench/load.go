package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// client sends requests over keep-alive connections, on each of them the next one when the answer
// to the last one is read. It costs little itself: of an answer only status and length are read.
type client struct {
	conns  []*conn
	script script
	status int // what every answer must have
	next   int
	after  func() // what belongs to a run and happens without requests; nil is nothing
}

// script is the i-th request, for any i.
type script func(i int) []byte

// repeat goes through a list again and again.
func repeat(list [][]byte) script {
	return func(i int) []byte { return list[i%len(list)] }
}

// patience is how long one run may take on a connection. Reaching it is a failure.
const patience = 10 * time.Minute

func dial(addr string, conns, status int, script script) (*client, error) {
	c := &client{script: script, status: status}
	for range conns {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			c.close()
			return nil, err
		}
		c.conns = append(c.conns, &conn{Conn: nc, r: bufio.NewReaderSize(nc, 4<<10)})
	}
	return c, nil
}

func (c *client) close() {
	for _, conn := range c.conns {
		conn.Close()
	}
}

// run sends the next n requests of the script, on all connections at once, and returns how long it
// took.
func (c *client) run(n int) (time.Duration, error) {
	start := time.Now()
	_, err := c.send(n, false)
	if c.after != nil && err == nil {
		c.after()
	}
	return time.Since(start), err
}

// timed is run with the time that each answer took.
func (c *client) timed(n int) ([]time.Duration, error) { return c.send(n, true) }

func (c *client) send(n int, timed bool) (took []time.Duration, err error) {
	if timed {
		took = make([]time.Duration, n)
	}
	errs := make([]error, len(c.conns))
	begin := make(chan struct{})
	var wait sync.WaitGroup
	for i, conn := range c.conns {
		from, to := i*n/len(c.conns), (i+1)*n/len(c.conns)
		var mine []time.Duration
		if timed {
			mine = took[from:to]
		}
		wait.Go(func() {
			<-begin
			errs[i] = c.share(conn, c.next+from, to-from, mine)
		})
	}
	close(begin)
	wait.Wait()
	c.next += n
	return took, errors.Join(errs...)
}

// share is what one connection sends.
func (c *client) share(conn *conn, first, count int, took []time.Duration) error {
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	for i := range count {
		request := c.script(first + i)
		start := time.Now()
		status, err := conn.exchange(request)
		if err != nil {
			return err
		}
		if status != c.status {
			return fmt.Errorf("an answer with status %d where %d is due", status, c.status)
		}
		if took != nil {
			took[i] = time.Since(start)
		}
	}
	return nil
}

// conn is one connection.
type conn struct {
	net.Conn
	r *bufio.Reader
}

// exchange sends a request and reads its answer.
func (c *conn) exchange(request []byte) (status int, err error) {
	if _, err := c.Write(request); err != nil {
		return 0, err
	}
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(line) < len("HTTP/1.1 200") {
		return 0, fmt.Errorf("no status line: %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, err
	}
	length := 0
	for {
		if line, err = c.r.ReadSlice('\n'); err != nil {
			return 0, err
		}
		if len(line) <= len("\r\n") {
			_, err = c.r.Discard(length)
			return status, err
		}
		if value, ok := valueOf(line, "Content-Length:"); ok {
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, err
			}
		}
		if _, ok := valueOf(line, "Transfer-Encoding:"); ok {
			return 0, errors.New("an answer in chunks: the load generator reads lengths only")
		}
	}
}

// valueOf is the value of a header line with this name.
func valueOf(line []byte, name string) ([]byte, bool) {
	if len(line) < len(name) || !bytes.EqualFold(line[:len(name)], []byte(name)) {
		return nil, false
	}
	return bytes.TrimSpace(line[len(name):]), true
}

// ask sends one request over a connection of its own and returns the whole answer.
func ask(addr string, request []byte) (*http.Response, string, error) {
	nc, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return nil, "", err
	}
	defer nc.Close()
	if err := nc.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, "", err
	}
	if _, err := nc.Write(request); err != nil {
		return nil, "", err
	}
	res, err := http.ReadResponse(bufio.NewReader(nc), nil)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res, string(body), err
}
