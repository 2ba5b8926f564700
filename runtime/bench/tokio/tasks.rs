// The same with tokio, on one thread. Its tasks have no stack: what they need is known when they are compiled.
use std::fs;
use std::rc::Rc;
use tokio::runtime::Builder;
use tokio::sync::Semaphore;
use tokio::task::{spawn_local, yield_now, LocalSet};

fn cpu() -> f64 {
    // utime and stime of /proc/self/schedstat: nanoseconds on the processor
    let s = fs::read_to_string("/proc/self/schedstat").unwrap();
    s.split(' ').next().unwrap().parse().unwrap()
}

fn resident() -> f64 {
    let s = fs::read_to_string("/proc/self/status").unwrap();
    s.lines()
        .filter(|l| l.starts_with("VmRSS:") || l.starts_with("VmPTE:"))
        .map(|l| l.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() * 1024.0)
        .sum()
}

async fn mass(key: &str, n: usize) {
    let gate = Rc::new(Semaphore::new(0));
    let mut all = Vec::with_capacity(n);
    let (before, t) = (resident(), cpu());
    for _ in 0..n {
        let g = gate.clone();
        all.push(spawn_local(async move {
            let _ = g.acquire().await.unwrap();
        }));
    }
    yield_now().await;
    println!("{} {:.2}", key, (cpu() - t) / n as f64);
    println!("{}_bytes {:.2}", key, (resident() - before) / n as f64);
    gate.add_permits(n);
    for h in all {
        h.await.unwrap();
    }
}

async fn yields(key: &str, tasks: usize, each: usize) {
    let mut all = Vec::new();
    for _ in 0..tasks {
        all.push(spawn_local(async move {
            for _ in 0..each {
                yield_now().await;
            }
        }));
    }
    let t = cpu();
    for h in all {
        h.await.unwrap();
    }
    println!("{} {:.2}", key, (cpu() - t) / (tasks * each) as f64);
}

async fn body() {
    mass("cold", 100000).await;
    for _ in 0..3 {
        mass("warm", 100000).await;
        let one = 1000000;
        let t = cpu();
        for _ in 0..one {
            spawn_local(async {}).await.unwrap();
        }
        println!("spawn {:.2}", (cpu() - t) / one as f64);
        yields("yield", 8, 200000).await;
        yields("yield_many", 100000, 10).await;
    }
}

fn main() {
    let rt = Builder::new_current_thread().build().unwrap();
    LocalSet::new().block_on(&rt, body());
}
