# tvt.py - tasks of the runtime in gdb, of a running program or a core.
#
#   (gdb) source runtime/gdb/tvt.py
#   (gdb) tvt tasks            each task: number, executor, name, what it waits for
#   (gdb) tvt bt NUMBER        the stack of a suspended task
#   (gdb) tvt bt all
#
# Tasks are found as the runtime's own dump finds them, at the top of each stack of each slab. The
# stack of a suspended task is walked by gdb's own unwinder, which is told for a moment that the
# innermost frame was called from where the task will go on. Nothing in the program is changed.
# The runtime must have debug information (-g). Cores are those of the kernel: gcore cannot read past
# the guards.

import gdb
import gdb.unwinder

COLOURS = 16  # stack.c
STATES = ["free", "new", "begun"]


class Task:
    def __init__(self, value):
        self.value = value
        self.address = int(value.address)
        self.state = int(value["state"])
        self.name = value["name"].string(errors="replace")
        self.worker = value["worker"]

    def waits(self):
        if STATES[self.state] == "new":
            return "has not begun"
        if int(self.worker) and int(self.worker["cur"]) == self.address:
            return "runs"
        if not int(self.value["why"]):
            return "can run"
        on = int(self.value["on"])
        where = "" if on == 0 else ", descriptor %d" % on if on < 1 << 20 else ", %#x" % on
        return "waits: " + self.value["why"].string() + where

    def runs(self):
        return self.waits() in ("runs", "has not begun")


def tasks():
    kind = gdb.lookup_type("struct tvt__task")
    room = (kind.sizeof + 63) // 64 * 64
    rt = gdb.parse_and_eval("tvt__runtimes")
    while int(rt):
        size = int(rt["stacks"]["size"])
        slab = rt["stacks"]["slabs"]
        while int(slab):
            for i in range(int(slab["n"])):
                base = int(slab["base"]) + i * size
                at = base + size - base // size % COLOURS * 64 - room
                try:
                    value = gdb.Value(at).cast(kind.pointer()).dereference()
                    if int(value["state"]) != 0:
                        yield Task(value)
                except gdb.MemoryError:
                    pass  # a page never touched is not in a core
            slab = slab["next"]
        rt = rt["next"]


class FrameId:
    def __init__(self, sp, pc):
        self.sp = gdb.Value(sp)
        self.pc = gdb.Value(pc)


class Unwinder(gdb.unwinder.Unwinder):
    """While a task is chosen, the caller of the innermost frame is where it will go on."""

    registers = {"i386:x86-64": ("rip", "rsp", "rbp"), "aarch64": ("pc", "sp", "x29")}

    def __init__(self):
        super().__init__("tvt")
        self.task = None
        self.innermost = None

    def __call__(self, frame):
        names = self.registers.get(gdb.selected_inferior().architecture().name())
        if self.task is None or names is None:
            return None
        sp = int(frame.read_register(names[1]))
        if sp != self.innermost:
            return None
        context = self.task.value["context"]
        info = frame.create_unwind_info(FrameId(sp, int(frame.read_register(names[0]))))
        for name, field in zip(names, ("pc", "sp", "fp")):
            info.add_saved_register(name, context[field])
        return info

    def backtrace(self, task):
        gdb.execute("select-frame 0")
        names = self.registers.get(gdb.selected_inferior().architecture().name())
        if names is None:
            raise gdb.GdbError("the switch of this machine is not known to tvt.py")
        self.innermost = int(gdb.selected_frame().read_register(names[1]))
        self.task = task
        gdb.invalidate_cached_frames()
        try:
            frame = gdb.newest_frame().older()
            number = 0
            while frame is not None and frame.is_valid() and frame.pc() != 0:
                line = frame.find_sal()
                where = ""
                if line.symtab is not None:
                    where = " at %s:%d" % (line.symtab.filename, line.line)
                print("  #%-2d %#x in %s%s" % (number, frame.pc(), frame.name() or "??", where))
                frame = frame.older()
                number += 1
        finally:
            self.task = None
            gdb.invalidate_cached_frames()


class Tvt(gdb.Command):
    """Tasks of the tvt runtime: tvt tasks | tvt bt NUMBER | tvt bt all"""

    def __init__(self, unwinder):
        super().__init__("tvt", gdb.COMMAND_STACK)
        self.unwinder = unwinder

    def invoke(self, argument, from_tty):
        words = argument.split()
        found = list(tasks())
        if words == ["tasks"]:
            for number, task in enumerate(found):
                self.title(number, task)
        elif len(words) == 2 and words[0] == "bt":
            for number, task in enumerate(found):
                if words[1] in ("all", str(number)):
                    self.title(number, task)
                    if task.runs():
                        print("  see 'info threads'")
                    else:
                        self.unwinder.backtrace(task)
        else:
            raise gdb.GdbError(self.__doc__)

    def title(self, number, task):
        where = "executor %d" % int(task.worker["index"]) if int(task.worker) else "no executor"
        print("%d: task %#x '%s', %s, %s" % (number, task.address, task.name, where, task.waits()))


unwinder = Unwinder()
gdb.unwinder.register_unwinder(None, unwinder, replace=True)
Tvt(unwinder)
