// The same with goroutines, on one processor.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
)

func cpu() int64 {
	var r syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return r.Utime.Nano() + r.Stime.Nano()
}

func resident() (total int64) {
	data, _ := os.ReadFile("/proc/self/status")
	for i := 0; i < len(data); i++ {
		if i == 0 || data[i-1] == '\n' {
			var v int64
			if n, _ := fmt.Sscanf(string(data[i:]), "VmRSS: %d", &v); n == 1 {
				total += v * 1024
			}
			if n, _ := fmt.Sscanf(string(data[i:]), "VmPTE: %d", &v); n == 1 {
				total += v * 1024
			}
		}
	}
	return
}

func mass(key string, n int) {
	var wg sync.WaitGroup
	gate := make(chan int)
	before, t := resident(), cpu()
	for i := 0; i < n; i++ {
		wg.Add(1)
		go func() { <-gate; wg.Done() }()
	}
	runtime.Gosched()
	fmt.Printf("%s %.2f\n", key, float64(cpu()-t)/float64(n))
	fmt.Printf("%s_bytes %.2f\n", key, float64(resident()-before)/float64(n))
	close(gate)
	wg.Wait()
}

func yields(key string, tasks, each int) {
	var wg sync.WaitGroup
	t := cpu()
	for k := 0; k < tasks; k++ {
		wg.Add(1)
		go func() {
			for i := 0; i < each; i++ {
				runtime.Gosched()
			}
			wg.Done()
		}()
	}
	wg.Wait()
	fmt.Printf("%s %.2f\n", key, float64(cpu()-t)/float64(tasks*each))
}

func main() {
	runtime.GOMAXPROCS(1)
	mass("cold", 100000)
	for round := 0; round < 3; round++ {
		var wg sync.WaitGroup
		mass("warm", 100000)
		const one = 1000000
		t := cpu()
		for i := 0; i < one; i++ {
			wg.Add(1)
			go func() { wg.Done() }()
			wg.Wait()
		}
		fmt.Printf("spawn %.2f\n", float64(cpu()-t)/one)
		yields("yield", 8, 200000)
		yields("yield_many", 100000, 10)
	}
}
