//go:build unix

package redistest

import (
	"bufio"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Answer treats one command that a client has sent; false ends the connection.
type Answer func(conn *net.TCPConn, command []string) bool

// Reset cuts a connection off at its first command.
func Reset(conn *net.TCPConn, command []string) bool { return resets("")(conn, command) }

// Fake listens where a Redis might, and treats each command as answer says; false ends the
// connection. Like an old server it does not know HELLO.
func Fake(t testing.TB, answer Answer) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var open []net.Conn
	var all sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for _, c := range open {
			c.Close()
		}
		mu.Unlock()
		all.Wait()
	})
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, c)
			mu.Unlock()
			all.Go(func() {
				defer c.Close()
				serve(c.(*net.TCPConn), answer)
			})
		}
	})
	return "redis://" + l.Addr().String()
}

func serve(c *net.TCPConn, answer Answer) {
	in := bufio.NewReader(c)
	for {
		command, err := readCommand(in)
		if err != nil {
			return
		}
		if strings.EqualFold(command[0], "hello") {
			io.WriteString(c, "-ERR unknown command 'HELLO'\r\n")
		} else if !answer(c, command) {
			return
		}
	}
}

func readCommand(in *bufio.Reader) ([]string, error) {
	n, err := readLength(in, '*')
	if err != nil {
		return nil, err
	}
	command := make([]string, n)
	for i := range command {
		size, err := readLength(in, '$')
		if err != nil {
			return nil, err
		}
		b := make([]byte, size+2)
		if _, err := io.ReadFull(in, b); err != nil {
			return nil, err
		}
		command[i] = string(b[:size])
	}
	return command, nil
}

func readLength(in *bufio.Reader, kind byte) (int, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return 0, err
	}
	if line[0] != kind {
		return 0, io.ErrUnexpectedEOF
	}
	return strconv.Atoi(strings.TrimSpace(line[1:]))
}

// says answers everything with the same.
func says(reply string) Answer {
	return func(c *net.TCPConn, _ []string) bool {
		_, err := io.WriteString(c, reply)
		return err == nil
	}
}

// resets says something and cuts the connection off.
func resets(reply string) Answer {
	return func(c *net.TCPConn, _ []string) bool {
		io.WriteString(c, reply)
		c.SetLinger(0)
		return false
	}
}

// late answers each command with what was the right answer to the one before.
func late() Answer {
	previous := "$16\r\n0123456789abcdef\r\n"
	var mu sync.Mutex
	return func(c *net.TCPConn, command []string) bool {
		mu.Lock()
		defer mu.Unlock()
		reply := previous
		switch strings.ToLower(command[0]) {
		case "getrange":
			previous = "$16\r\n0123456789abcdef\r\n"
		case "set":
			previous = "+OK\r\n"
		default:
			previous = ":1\r\n"
		}
		_, err := io.WriteString(c, reply)
		return err == nil
	}
}

// drips sends a reply so slowly that it never ends, until the other side gives up.
func drips(c *net.TCPConn, _ []string) bool {
	io.WriteString(c, "$4000\r\n")
	for range 4000 {
		if _, err := io.WriteString(c, "x"); err != nil {
			return false
		}
		time.Sleep(5 * time.Millisecond)
	}
	return false
}

// Lie is a Redis server that is none.
type Lie struct {
	Name   string
	Answer Answer
	// Kinds are the kinds of failure, with blanks between them, that an operation may say of it.
	Kinds string
}

// Lies are what a server that is none may do, in every way we could think of.
var Lies = []Lie{
	{"silence", func(*net.TCPConn, []string) bool { return true }, "timeout"},
	{"a drip", drips, "timeout"},
	{"closing", func(*net.TCPConn, []string) bool { return false }, "connection"},
	{"a reset", resets(""), "connection"},
	{"a reset in the middle of a reply", resets("$100\r\nhalf of"), "connection"},
	{"garbage", says("\x01\x02\xff\r\n"), "protocol"},
	{"HTTP", says("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"), "protocol"},
	{"a gigabyte announced", says("$1073741824\r\n"), "protocol"},
	{"more than there is memory in the world", says("$9223372036854775807\r\n"), "protocol"},
	{"a negative length", says("$-2\r\n"), "protocol"},
	{"a length that is none", says("$x\r\n"), "protocol"},
	{"an array bomb", says("*1073741824\r\n"), "protocol"},
	{"an endless line", says("+" + strings.Repeat("x", 1<<20)), "protocol"},
	{"another protocol's map", says("%1\r\n+a\r\n+b\r\n"), "protocol connection"},
	{"another protocol's map bomb", says("%1073741824\r\n"), "protocol"},
	{"a stream without a length", says("$?\r\n;4\r\nHell\r\n"), "protocol"},
	{"an empty line", says("\r\n"), "protocol"},
	{"a number for everything", says(":7\r\n"), "protocol corrupt"},
	{"an array for everything", says("*1\r\n+OK\r\n"), "protocol connection"},
	{"OK to everything", says("+OK\r\n"), "protocol corrupt"},
	{"nothing for everything", says("$-1\r\n"), "protocol connection other"},
	{"an empty string for everything", says("$0\r\n\r\n"), "protocol connection"},
	{"two replies to one command", says("$2\r\nno\r\n$2\r\nno\r\n"), "protocol connection corrupt"},
	{"the reply to the command before", late(), "protocol connection corrupt"},
	{"LOADING", says("-LOADING Redis is loading the dataset in memory\r\n"), "loading"},
	{"MASTERDOWN", says("-MASTERDOWN Link with MASTER is down\r\n"), "loading"},
	{"BUSY", says("-BUSY Redis is busy running a script\r\n"), "loading"},
	{"MOVED", says("-MOVED 1 127.0.0.1:1\r\n"), "cluster"},
	{"ASK", says("-ASK 1 127.0.0.1:1\r\n"), "cluster"},
	{"CLUSTERDOWN", says("-CLUSTERDOWN Hash slot not served\r\n"), "cluster"},
	{"READONLY", says("-READONLY You can't write against a read only replica.\r\n"), "readonly"},
	{"NOREPLICAS", says("-NOREPLICAS Not enough good replicas to write.\r\n"), "readonly"},
	{"MISCONF", says("-MISCONF Redis is configured to save RDB snapshots\r\n"), "readonly"},
	{"OOM", says("-OOM command not allowed when used memory > 'maxmemory'.\r\n"), "full"},
	{"too many clients", says("-ERR max number of clients reached\r\n"), "full"},
	{"NOAUTH", says("-NOAUTH Authentication required.\r\n"), "auth"},
	{"WRONGPASS", says("-WRONGPASS invalid username-password pair or user is disabled.\r\n"), "auth"},
	{"NOPERM", says("-NOPERM this user has no permissions to run the 'get' command\r\n"), "auth"},
	{"WRONGTYPE", says("-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"), "corrupt"},
	{"an error of its own", says("-ERR unknown command, with args beginning with: 'checkout:secret'\r\n"), "other"},
}
