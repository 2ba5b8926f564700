// Echo server, a goroutine a connection. Usage: echo PORT
package main

import (
	"net"
	"os"
	"runtime"
)

func main() {
	runtime.GOMAXPROCS(1)
	l, err := net.Listen("tcp", "127.0.0.1:"+os.Args[1])
	if err != nil {
		os.Exit(1)
	}
	for {
		c, err := l.Accept()
		if err != nil {
			os.Exit(1)
		}
		go func() {
			buf := make([]byte, 1024)
			for {
				n, err := c.Read(buf)
				if err != nil {
					c.Close()
					return
				}
				if _, err = c.Write(buf[:n]); err != nil {
					c.Close()
					return
				}
			}
		}()
	}
}
